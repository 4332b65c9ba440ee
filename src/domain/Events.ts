import * as Schema from "effect/Schema"
import { TurnError } from "./error/TurnError.js"
import { SessionId, TurnId, UserId } from "./Ids.js"
import { Message } from "./Message.js"
import { SendOutcome } from "./Send.js"
import { SessionInfo } from "./Session.js"
import { SessionContext } from "./SessionContext.js"
import { TurnNotice } from "./Turn.js"

/**
 * A place in a session's feed: what a watcher has seen of it. Opaque: keep the last one and pass it back to go on from there.
 */
export const FeedPosition = Schema.String.pipe(
  Schema.pattern(/^\d{1,15}(\.\d{1,15})?$/, { description: "a position from an event of the feed" }),
  Schema.brand("FeedPosition")
)
export type FeedPosition = typeof FeedPosition.Type

/**
 * How many events have been seen, and how many characters of the reply that was under way then.
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
    /** Place among the session's events: 1, 2, 3, ... Together with the session's id it names the event. */
    number: Schema.Positive.pipe(Schema.int()),
    at: Schema.DateTimeUtc,
    ...fields
  })

/**
 * What has happened to a session, stored with the change itself. Watchers and hooks are told of it afterwards. A turn makes,
 * in this order, `TurnAccepted`, `MessageSent`, `TurnStarted`, and then `MessageReceived` with `TurnCompleted`, or one of
 * `TurnFailed` and `TurnStopped`, which a `MessageReceived` precedes if a part of the reply was kept. A turn that never
 * starts lacks what is in between, and one that joins another has `TurnJoined` in place of `TurnStarted`. What else is worth
 * knowing of it comes as `TurnNoticed`, before its end. With each `TurnStarted` the text of the reply begins anew; it comes
 * again when a later process calls the provider again.
 */
export const SessionEvent = Schema.Union(
  event("SessionCreated", { session: SessionInfo }),
  event("SessionArchived", {}),
  event("SessionReactivated", {}),
  event("SessionErrored", { reason: Schema.String }),
  /** The last event. It says whose session that was, since nothing else can any more; stores keep it for hooks only. */
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

/**
 * One entry of a session's feed: what has happened, in the order it was stored, and between that the reply that is under
 * way. `position` is where a watcher stands once it has seen this.
 */
export const FeedEvent = Schema.Struct({
  position: FeedPosition,
  event: Schema.Union(SessionEvent, TurnDelta)
})
export interface FeedEvent extends Schema.Schema.Type<typeof FeedEvent> {}

/**
 * From where to watch.
 */
export const WatchSession = Schema.Struct({
  /** The position of the last event that was seen: what comes after it is replayed. The beginning unless told. */
  from: Schema.optionalWith(FeedPosition, { exact: true })
})
export interface WatchSession extends Schema.Schema.Type<typeof WatchSession> {}
