import * as Schema from "effect/Schema"
import { IdempotencyKey, TurnId } from "./Ids.js"
import { TimeSpan } from "./Input.js"
import { MessageContent } from "./Message.js"
import { BusyPolicy, OnUnknown } from "./Turn.js"

/**
 * A message to send, and how to answer it.
 */
export const SendMessage = Schema.Struct({
  ...MessageContent.fields,
  /** Makes the send repeatable: a send with the same key and content joins the turn of the first. */
  key: Schema.optionalWith(IdempotencyKey, { exact: true }),
  /** What to do while another turn runs. Default: the session's `whenBusy`. */
  whenBusy: Schema.optionalWith(BusyPolicy, { exact: true }),
  /** Time limit for the whole turn, from acceptance to the stored reply. Capped by the host's limit. */
  timeout: Schema.optionalWith(TimeSpan, { exact: true }),
  /** Stops the turn when the sender disconnects. Default: false. */
  stopOnDisconnect: Schema.optionalWith(Schema.Boolean, { exact: true }),
  /** Default: `interrupt`. */
  onUnknown: Schema.optionalWith(OnUnknown, { exact: true })
})
export interface SendMessage extends Schema.Schema.Type<typeof SendMessage> {}

/**
 * Outcome of a send. `started`: its turn runs. `queued`: it waits behind others. `interrupted`, `rolledBack`: it waits for the
 * running turn, which is being stopped. `steered`: it waits to join the running turn. `joined`: its key was known, so this is
 * the turn of an earlier send.
 */
export const SendOutcome = Schema.Literal("started", "queued", "interrupted", "rolledBack", "steered", "joined")
export type SendOutcome = typeof SendOutcome.Type

/**
 * The turn is stored. It will be answered even if its sender disconnects.
 */
export const TurnReceipt = Schema.Struct({ turnId: TurnId, outcome: SendOutcome })
export interface TurnReceipt extends Schema.Schema.Type<typeof TurnReceipt> {}

/**
 * New content for a waiting turn. The turn keeps its place, key and deadline.
 */
export const EditTurn = Schema.Struct({ turnId: TurnId, ...MessageContent.fields })
export interface EditTurn extends Schema.Schema.Type<typeof EditTurn> {}

/**
 * Outcome of an edit. `tooLate`: the turn has started, has ended, or does not exist.
 */
export const EditOutcome = Schema.Literal("edited", "tooLate")
export type EditOutcome = typeof EditOutcome.Type

/**
 * Which turn to stop.
 */
export const StopTurn = Schema.Struct({
  /** Default: the running turn. A waiting turn is dropped and never enters the history. */
  turnId: Schema.optionalWith(TurnId, { exact: true }),
  /** Keeps the part of the reply that has arrived, as a cut reply. Default: true. */
  keepPartial: Schema.optionalWith(Schema.Boolean, { exact: true })
})
export interface StopTurn extends Schema.Schema.Type<typeof StopTurn> {}

/**
 * Outcome of a stop. `alreadyEnded`: there was nothing to stop, or the turn ended first.
 */
export const StopOutcome = Schema.Literal("stopped", "alreadyEnded")
export type StopOutcome = typeof StopOutcome.Type
