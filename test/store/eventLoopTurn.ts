import { Effect } from "effect"

/** Waits until the event loop has gone round, and with it whatever was due this time. */
export const eventLoopTurn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
