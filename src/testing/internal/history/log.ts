import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { SessionError } from "../../../domain/error/SessionError.js"
import { FeedEvent, FeedPosition, type SessionEvent } from "../../../domain/Events.js"
import { IdempotencyKey, SessionId, TurnId } from "../../../domain/Ids.js"
import { Message } from "../../../domain/Message.js"
import type { Cursor } from "../../../domain/Page.js"
import type { SessionInfo } from "../../../domain/Session.js"
import type { Turn } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"

/**
 * The rules, with the number of the promise in docs/guarantees.md.
 */
const promiseOf = {
  /** A session that clients have seen is missing. */
  SessionMissing: 6,
  /** An acknowledged turn is missing, or has another key. */
  TurnMissing: 6,
  /** An acknowledged reply is missing. */
  ReplyMissing: 6,
  /** An acknowledged reply has changed. */
  ReplyChanged: 6,
  /** A rejected send has a turn. */
  RejectedStored: 6,
  /** One key has two turns, or was answered with two. */
  TurnTwice: 7,
  /** A turn has two questions. */
  QuestionTwice: 7,
  /** A `seq` of the messages is missing or used twice. */
  SeqNotDense: 2,
  /** An `ordinal` of the turns is missing or used twice. */
  OrdinalNotDense: 2,
  /** A `number` of the events is missing or used twice. */
  EventsNotDense: 2,
  /** Messages of one turn are between those of another. */
  TurnsInterleaved: 3,
  /** Queued turns started in another order than they were accepted. */
  TurnsOutOfOrder: 3,
  /** A turn completed without a reply in the history. */
  CompletedWithoutReply: 8,
  /** A turn ended twice, or with another outcome than its sender received. */
  EndChanged: 8,
  /** The provider was called more than once without `onUnknown: "retry"`. */
  CalledTwice: 9,
  /** The provider was called, but the turn does not record it. */
  CalledWithoutIntent: 9,
  /** All work has finished, but a turn is open. */
  TurnLeftOpen: 10,
  /** A watcher missed an event. */
  FeedGap: 19,
  /** A watcher received an event twice or out of order. */
  FeedRepeat: 19,
  /** A watcher received an event that differs from the stored one. */
  FeedDiffers: 19,
  /** A watcher received text that differs from the stored reply. */
  DeltasDiffer: 19
} as const

/**
 * A promise that a history breaks. `promise` is its number in docs/guarantees.md. `detail` says where, in ids and numbers only.
 */
export interface BrokenPromise {
  readonly rule: keyof typeof promiseOf
  readonly promise: number
  readonly sessionId: SessionId
  readonly detail: string
}

export const broken = (rule: BrokenPromise["rule"], sessionId: SessionId, detail: string): BrokenPromise => ({
  rule,
  promise: promiseOf[rule],
  sessionId,
  detail
})

const sessionId = SessionId
const key = IdempotencyKey
const watcher = Schema.String

/**
 * An observation of a client, a watcher or a provider, recorded when it was made. Only the order within a watcher matters, so the
 * logs of several processes can be concatenated.
 *
 * - `Sent`: a send is about to be made. Sends repeated with the same key count as one.
 * - `Accepted`, `Replied`, `Failed`: the answer to the send with this key.
 * - `Watched`: a watcher starts `from` a position, or at the beginning. `Fed`: it received this event. A watcher that resumes where it
 *   stopped is recorded once.
 * - `Called`: the provider was called for a turn. Omit calls that the provider refused without an answer, because they are retried.
 */
export const LogEntry = Schema.Union(
  Schema.TaggedStruct("Sent", { sessionId, key }),
  Schema.TaggedStruct("Accepted", { sessionId, key, turnId: TurnId }),
  Schema.TaggedStruct("Replied", { sessionId, key, message: Message }),
  Schema.TaggedStruct("Failed", { sessionId, key, error: SessionError }),
  Schema.TaggedStruct("Watched", {
    sessionId,
    watcher,
    from: Schema.optionalWith(FeedPosition, { exact: true })
  }),
  Schema.TaggedStruct("Fed", { sessionId, watcher, ...FeedEvent.fields }),
  Schema.TaggedStruct("Called", { sessionId, turnId: TurnId })
)
export type LogEntry = typeof LogEntry.Type

/** The entries of one kind. */
export type EntryOf<Tag extends LogEntry["_tag"]> = Extract<LogEntry, { readonly _tag: Tag }>

export const entriesOf = <Tag extends LogEntry["_tag"]>(
  log: ReadonlyArray<LogEntry>,
  tag: Tag
): ReadonlyArray<EntryOf<Tag>> => log.filter((entry): entry is EntryOf<Tag> => entry._tag === tag)

/**
 * Everything that a store has of a session.
 */
export interface StoredHistory {
  readonly session: SessionInfo
  /** By `seq`, rewound ones included. */
  readonly messages: ReadonlyArray<Message>
  /** By `ordinal`. */
  readonly turns: ReadonlyArray<Turn>
  /** By `number`. */
  readonly events: ReadonlyArray<SessionEvent>
}

const pageSize = 500
const allTurns = 1_000_000

export const readHistory = Effect.fnUntraced(function*(id: SessionId) {
  const store = yield* SessionStore
  const messages = Stream.paginateChunkEffect(Option.none<Cursor>(), (cursor) =>
    Effect.map(
      store.messages(id, {
        rewound: true,
        limit: pageSize,
        ...Option.match(cursor, { onNone: () => ({}), onSome: (cursor) => ({ cursor }) })
      }),
      ({ items, next }) => [Chunk.unsafeFromArray(items), Option.map(Option.fromNullable(next), Option.some)]
    ))
  const events = Stream.paginateChunkEffect(0, (number) =>
    Effect.map(store.events(id, number, pageSize), (items) => [
      Chunk.unsafeFromArray(items),
      Option.map(Option.fromNullable(items.at(-1)), (last) => last.number)
    ]))
  return {
    session: yield* store.get(id),
    messages: Chunk.toReadonlyArray(yield* Stream.runCollect(messages)),
    turns: (yield* store.turns(id, allTurns)).toReversed(),
    events: Chunk.toReadonlyArray(yield* Stream.runCollect(events))
  } satisfies StoredHistory
})
