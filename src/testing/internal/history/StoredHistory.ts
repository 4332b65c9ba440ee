import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Cursor } from "../../../domain/Cursor.js"
import type { Message } from "../../../domain/Message.js"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { SessionInfo } from "../../../domain/SessionInfo.js"
import type { Turn } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"

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
