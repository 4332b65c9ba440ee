import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Cursor } from "../../domain/Cursor.js"
import type { SessionId } from "../../domain/SessionId.js"
import type { SessionStore } from "../SessionStore.js"

const pageSize = 500

/**
 * A whole session, read page by page.
 */
export const exportSession = Effect.fnUntraced(function*(store: SessionStore["Type"], id: SessionId) {
  const session = yield* store.get(id)
  const context = yield* store.context(id)
  const metrics = yield* store.metrics(id)
  const messages = yield* Stream.runCollect(allMessages(store, id))
  return {
    format: "langswarm-session/1" as const,
    session,
    context,
    metrics,
    messages: Chunk.toReadonlyArray(messages)
  }
})

const allMessages = (store: SessionStore["Type"], id: SessionId) =>
  Stream.paginateChunkEffect(Option.none<Cursor>(), (cursor) =>
    Effect.map(
      store.messages(id, {
        limit: pageSize,
        ...Option.match(cursor, { onNone: () => ({}), onSome: (cursor) => ({ cursor }) })
      }),
      (page) => [Chunk.unsafeFromArray(page.items), Option.map(Option.fromNullable(page.next), Option.some)]
    ))
