import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers"

/**
 * Lets whatever else waits in this process go first. Fibers alone take turns without ever looking at a socket.
 */
export const nextTurnOfEventLoop: Effect.Effect<void> = Effect.async((resume) => {
  setImmediate(() => resume(Effect.void))
})
