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
 * What can be found broken, and the number of the promise that it breaks.
 */
const promiseOf = {
  /** A session that clients were answered about is not there. */
  SessionMissing: 6,
  /** A turn that was acknowledged is not there, or has another key. */
  TurnMissing: 6,
  /** A reply that was acknowledged is not there. */
  ReplyMissing: 6,
  /** It is there, and says something else. */
  ReplyChanged: 6,
  /** A send that was answered with "nothing was stored" made a turn. */
  RejectedStored: 6,
  /** One key made two turns, or was answered with two. */
  TurnTwice: 7,
  /** A turn has asked twice. */
  QuestionTwice: 7,
  /** Messages lack a `seq`, or share one. */
  SeqNotDense: 2,
  /** Turns lack an `ordinal`, or share one. */
  OrdinalNotDense: 2,
  /** Events lack a `number`, or share one. */
  EventsNotDense: 2,
  /** Messages of one turn stand between those of another. */
  TurnsInterleaved: 3,
  /** Turns that waited in line have asked in another order than they were accepted in. */
  TurnsOutOfOrder: 3,
  /** A turn completed without a reply in the history. */
  CompletedWithoutReply: 8,
  /** A turn ended twice, or in another way than its sender was told. */
  EndChanged: 8,
  /** The provider was called more than once for a turn whose sender did not allow it. */
  CalledTwice: 9,
  /** The provider was called for a turn that does not say so. */
  CalledWithoutIntent: 9,
  /** Everything has come to rest, and a turn has not ended. */
  TurnLeftOpen: 10,
  /** A watcher lacks an event. */
  FeedGap: 19,
  /** A watcher was given an event again, or one before another. */
  FeedRepeat: 19,
  /** A watcher was given another event than is stored. */
  FeedDiffers: 19,
  /** The pieces of a reply that a watcher was given are not the reply. */
  DeltasDiffer: 19
} as const

/**
 * One promise that a history does not keep: `promise` is its number in the list of promises, `detail` tells where, in ids
 * and numbers only.
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
 * What one client, one watcher or the provider has seen, written down when it saw it. The order matters within a watcher
 * only, so the logs of many processes can be put one after the other.
 *
 * - `Sent`: a send is about to go out. One that is repeated with its key is one send.
 * - `Accepted`, `Replied`, `Failed`: what a send with this key has answered.
 * - `Watched`: a watcher begins, `from` there, or at the beginning. `Fed`: it was given this. One that begins again where it
 *   left off goes on, and is written down as one.
 * - `Called`: the provider was called for a turn. Leave out calls that it refused without an answer, which are repeated.
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
 * All that a store keeps of a session.
 */
export interface StoredHistory {
  readonly session: SessionInfo
  /** By `seq`, rewound ones too. */
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
