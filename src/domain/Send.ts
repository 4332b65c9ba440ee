import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { IdempotencyKey, TurnId } from "./Ids.js"
import { DurationFromInput } from "./Input.js"
import { MessageContent } from "./Message.js"
import { BusyPolicy, OnUnknown } from "./Turn.js"

/**
 * New content for a turn that still waits. It keeps its place, its key and its deadline.
 */
export const EditTurn = Schema.Struct({ turnId: TurnId, ...MessageContent.fields })
export interface EditTurn extends Schema.Schema.Type<typeof EditTurn> {}

/**
 * What became of an edit. `tooLate`: the turn has started, has ended, or was never there.
 */
export const EditOutcome = Schema.Literal("edited", "tooLate")
export type EditOutcome = typeof EditOutcome.Type

const turnTimeout = DurationFromInput.pipe(
  Schema.filter(Duration.greaterThan(Duration.zero), { message: () => "must be longer than 0" })
)

/**
 * What is said, and how it is to be answered.
 */
export const SendMessage = Schema.Struct({
  ...MessageContent.fields,
  /** Makes the send repeatable: with the same key and content it joins the turn it made before. */
  key: Schema.optionalWith(IdempotencyKey, { exact: true }),
  /** What to do while another turn runs; as the session's `whenBusy` says unless told. */
  whenBusy: Schema.optionalWith(BusyPolicy, { exact: true }),
  /** How long the whole turn may take, from its acceptance to its stored reply. No longer than the host allows. */
  timeout: Schema.optionalWith(turnTimeout, { exact: true }),
  /** Whether losing the sender stops the turn. False unless told. */
  stopOnDisconnect: Schema.optionalWith(Schema.Boolean, { exact: true }),
  /** `interrupt` unless told. */
  onUnknown: Schema.optionalWith(OnUnknown, { exact: true })
})
export interface SendMessage extends Schema.Schema.Type<typeof SendMessage> {}

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

/**
 * What became of a send. `started`: its turn runs. `queued`: it waits behind others. `interrupted`, `rolledBack`: it waits
 * for the running turn, which has been told to stop. `steered`: it waits to join the running turn. `joined`: its key was
 * known, so this is the turn of an earlier send.
 */
export const SendOutcome = Schema.Literal("started", "queued", "interrupted", "rolledBack", "steered", "joined")
export type SendOutcome = typeof SendOutcome.Type

/**
 * The turn is stored, and will be answered whatever becomes of its sender.
 */
export const TurnReceipt = Schema.Struct({ turnId: TurnId, outcome: SendOutcome })
export interface TurnReceipt extends Schema.Schema.Type<typeof TurnReceipt> {}
