import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers"

/** Lets the event loop go round. Yielding a fiber does not: other fibers run, but no socket and no timer does. */
export const eventLoopTurn: Effect.Effect<void> = Effect.async((resume) => void setImmediate(() => resume(Effect.void)))
