import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Stream from "effect/Stream"
import type { CreateSession } from "../../domain/CreateSession.js"
import type { Cursor } from "../../domain/Cursor.js"
import type { SessionInfo } from "../../domain/SessionInfo.js"
import type { SessionOperations } from "../SessionOperations.js"
import { makeKeyedLock } from "./makeKeyedLock.js"

/** Those that take messages. */
const statuses = ["active", "idle"] as const

/** As the lists are ordered. */
const byCreation = Order.combine(
  Order.mapInput(Order.number, ({ createdAt }: SessionInfo) => createdAt.epochMillis),
  Order.mapInput(Order.string, ({ id }: SessionInfo) => id)
)

/**
 * Finds the latest session of a user that takes messages and has this provider and model, or creates one. One call of a
 * user after the other, so that two at once do not both find nothing.
 */
export const makeGetOrCreate = (
  { create, list }: Pick<SessionOperations, "create" | "list">
): SessionOperations["getOrCreate"] => {
  const lock = makeKeyedLock<string>()

  const latest = ({ model, provider, userId }: CreateSession, status: typeof statuses[number]) =>
    Stream.paginateChunkEffect(Option.none<Cursor>(), (cursor) =>
      Effect.map(
        list({ userId, provider, status, ...(Option.isSome(cursor) && { cursor: cursor.value }) }),
        (page) => [Chunk.unsafeFromArray(page.items), Option.map(Option.fromNullable(page.next), Option.some)]
      )).pipe(
        Stream.filter((session) => session.model === model),
        Stream.runHead
      )

  return (input) =>
    Effect.forEach(statuses, (status) => latest(input, status)).pipe(
      Effect.flatMap((found) => {
        const sessions = found.flatMap(Option.toArray)
        return Arr.isNonEmptyArray(sessions) ? Effect.succeed(Arr.max(sessions, byCreation).id) : create(input)
      }),
      lock(input.userId)
    )
}
