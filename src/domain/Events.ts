import * as Schema from "effect/Schema"
import { TurnError } from "./error/TurnError.js"
import { SessionId, TurnId, UserId } from "./Ids.js"
import { Message } from "./Message.js"
import { SendOutcome } from "./Send.js"
import { SessionInfo } from "./Session.js"
import { SessionContext } from "./SessionContext.js"
import { TurnNotice } from "./Turn.js"

/**
 * A place in a session's feed. Opaque: keep the last one and pass it to `watch` to resume from there.
 */
export const FeedPosition = Schema.String.pipe(
  Schema.pattern(/^\d{1,15}(\.\d{1,15})?$/, { description: "a position from an event of the feed" }),
  Schema.brand("FeedPosition")
)
export type FeedPosition = typeof FeedPosition.Type

/**
 * Number of events seen, and of characters seen of the reply that was streaming at that time.
 */
export interface FeedPlace {
  readonly number: number
  readonly offset: number
}

export const toFeedPosition = ({ number, offset }: FeedPlace): FeedPosition =>
  FeedPosition.make(offset === 0 ? `${number}` : `${number}.${offset}`)

export const fromFeedPosition = (position: FeedPosition): FeedPlace => {
  const [number = "0", offset = "0"] = position.split(".")
  return { number: Number(number), offset: Number(offset) }
}

const event = <Tag extends string, Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, {
    sessionId: SessionId,
    /** Number within the session: 1, 2, 3, ... The session's id and this number identify the event. */
    number: Schema.Positive.pipe(Schema.int()),
    at: Schema.DateTimeUtc,
    ...fields
  })

/**
 * A change of a session, stored in the same commit as the change and then delivered to watchers and hooks.
 *
 * A turn produces, in this order, `TurnAccepted`, `MessageSent` and `TurnStarted`, and then either `MessageReceived` and
 * `TurnCompleted`, or `TurnFailed` or `TurnStopped`. The last two follow a `MessageReceived` if part of the reply was kept. A turn
 * that never starts has only the first and the last event. A turn that joins another has `TurnJoined` instead of `TurnStarted`.
 * `TurnNoticed` reports other incidents before the turn ends. After each `TurnStarted` the text of the reply starts from the
 * beginning; `TurnStarted` is repeated when a later process calls the provider again.
 */
export const SessionEvent = Schema.Union(
  event("SessionCreated", { session: SessionInfo }),
  event("SessionArchived", {}),
  event("SessionReactivated", {}),
  event("SessionErrored", { reason: Schema.String }),
  /** The last event. It carries the owner, which can no longer be looked up. Stores keep it for hooks only. */
  event("SessionDeleted", { userId: UserId, provider: Schema.String }),
  event("MessageSent", { message: Message }),
  event("MessageReceived", { message: Message }),
  event("MessagesCleared", {}),
  /** The messages after this `seq` have left the history. */
  event("MessagesRewound", { to: Schema.NonNegativeInt }),
  event("ContextUpdated", { context: SessionContext }),
  event("TurnAccepted", { turnId: TurnId }),
  event("TurnEdited", { turnId: TurnId }),
  event("TurnStarted", { turnId: TurnId }),
  event("TurnJoined", { turnId: TurnId, into: TurnId }),
  event("TurnCompleted", { turnId: TurnId }),
  event("TurnStopped", { turnId: TurnId }),
  event("TurnFailed", { turnId: TurnId, error: TurnError }),
  event("TurnNoticed", { turnId: TurnId, notice: TurnNotice }),
  event("SessionConfigured", { provider: Schema.String, model: Schema.String })
)
export type SessionEvent = typeof SessionEvent.Type

/**
 * The turn is stored. It will be answered even if its sender disconnects.
 */
export const TurnAccepted = Schema.TaggedStruct("TurnAccepted", { turnId: TurnId, outcome: SendOutcome })
export interface TurnAccepted extends Schema.Schema.Type<typeof TurnAccepted> {}

/**
 * The turn's question is in the history, and the provider is being called.
 */
export const TurnStarted = Schema.TaggedStruct("TurnStarted", { turnId: TurnId, message: Message })
export interface TurnStarted extends Schema.Schema.Type<typeof TurnStarted> {}

/**
 * The next piece of the reply's text. Provisional: the reply is stored only with `TurnCompleted`.
 */
export const TurnDelta = Schema.TaggedStruct("TurnDelta", {
  turnId: TurnId,
  /** Characters of the reply before this piece. */
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
 * What the sender of a turn receives, in this order: one `TurnAccepted`, one `TurnStarted`, any number of `TurnDelta`,
 * one `TurnCompleted`. A turn that fails ends the stream with its error instead.
 */
export const TurnEvent = Schema.Union(TurnAccepted, TurnStarted, TurnDelta, TurnCompleted)
export type TurnEvent = typeof TurnEvent.Type

/**
 * One entry of a session's feed: stored events in their order, and between them the text of a reply while it streams.
 * `position` is the place in the feed after this entry.
 */
export const FeedEvent = Schema.Struct({
  position: FeedPosition,
  event: Schema.Union(SessionEvent, TurnDelta)
})
export interface FeedEvent extends Schema.Schema.Type<typeof FeedEvent> {}

/**
 * Where to start watching.
 */
export const WatchSession = Schema.Struct({
  /** Position of the last entry seen; the feed is replayed from the next one. Default: the beginning. */
  from: Schema.optionalWith(FeedPosition, { exact: true })
})
export interface WatchSession extends Schema.Schema.Type<typeof WatchSession> {}
