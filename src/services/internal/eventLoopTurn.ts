import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers"

/**
 * Yields to the event loop's macrotasks; `Effect.yieldNow` does not. Node only, and so apart from what the client imports.
 */
export const eventLoopTurn: Effect.Effect<void> = Effect.async((resume) => void setImmediate(() => resume(Effect.void)))
