import * as Schema from "effect/Schema"
import { Message } from "./Message.js"
import { TurnId } from "./TurnId.js"
import { SendOutcome } from "./TurnReceipt.js"

/**
 * The turn is stored and will be answered, whatever becomes of its sender.
 */
export const TurnAccepted = Schema.TaggedStruct("TurnAccepted", { turnId: TurnId, outcome: SendOutcome })
export interface TurnAccepted extends Schema.Schema.Type<typeof TurnAccepted> {}

/**
 * The turn's question has entered the history, and the provider is being called.
 */
export const TurnStarted = Schema.TaggedStruct("TurnStarted", { turnId: TurnId, message: Message })
export interface TurnStarted extends Schema.Schema.Type<typeof TurnStarted> {}

/**
 * The next piece of the reply's text. Provisional: only `TurnCompleted` says that the reply is stored.
 */
export const TurnDelta = Schema.TaggedStruct("TurnDelta", {
  turnId: TurnId,
  /** How many characters of the turn's text came before it. */
  offset: Schema.NonNegativeInt,
  text: Schema.String
})
export interface TurnDelta extends Schema.Schema.Type<typeof TurnDelta> {}

/**
 * The reply is stored.
 */
export const TurnCompleted = Schema.TaggedStruct("TurnCompleted", { turnId: TurnId, message: Message })
export interface TurnCompleted extends Schema.Schema.Type<typeof TurnCompleted> {}

/**
 * What the sender of a turn sees of it, in this order: one `TurnAccepted`, one `TurnStarted`, any number of `TurnDelta`,
 * one `TurnCompleted`. A turn that fails ends the stream with its error instead.
 */
export const TurnEvent = Schema.Union(TurnAccepted, TurnStarted, TurnDelta, TurnCompleted)
export type TurnEvent = typeof TurnEvent.Type
