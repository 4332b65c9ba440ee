import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { MessageNotFound } from "../domain/error/MessageNotFound.js"
import type { MessageQuery } from "../domain/MessageQuery.js"
import type { Session } from "../services/Session.js"

const newestFirst: typeof MessageQuery.Encoded = { order: "newest", limit: 500 }

/**
 * The id of a message that is named by its number in the history, as `messages` prints it, or by the id itself.
 */
export const messageIdAt = Effect.fnUntraced(function*(session: Session, place: string) {
  if (!/^\d{1,15}$/.test(place)) return place
  const messages = Stream.paginateEffect(newestFirst, (query) =>
    Effect.map(
      session.messages(query),
      ({ items, next }) => [items, Option.map(Option.fromNullable(next), (cursor) => ({ ...newestFirst, cursor }))]
    ))
  const found = yield* Stream.runHead(
    Stream.filter(Stream.flattenIterables(messages), ({ seq }) => seq === Number(place))
  )
  if (Option.isNone(found)) return yield* new MessageNotFound({ sessionId: session.id, messageId: place })
  return found.value.id
})
