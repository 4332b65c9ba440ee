import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers"

/**
 * Lets whatever waits for the event loop have its turn, which `Effect.yieldNow` does not.
 */
export const eventLoopTurn: Effect.Effect<void> = Effect.async((resume) => void setImmediate(() => resume(Effect.void)))
