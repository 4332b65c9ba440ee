import * as Schema from "effect/Schema"
import { TurnId } from "./TurnId.js"

/**
 * What to stop.
 */
export const StopTurn = Schema.Struct({
  /** The turn that runs, unless told. A turn that still waits is dropped, and never enters the history. */
  turnId: Schema.optionalWith(TurnId, { exact: true }),
  /** Whether to keep what has arrived of the reply, as a cut one. True unless told. */
  keepPartial: Schema.optionalWith(Schema.Boolean, { exact: true })
})
export interface StopTurn extends Schema.Schema.Type<typeof StopTurn> {}

/**
 * What became of a stop. `alreadyEnded`: there was nothing to stop, or the turn ended by itself just before.
 */
export const StopOutcome = Schema.Literal("stopped", "alreadyEnded")
export type StopOutcome = typeof StopOutcome.Type
