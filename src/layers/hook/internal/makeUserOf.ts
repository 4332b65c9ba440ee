import * as Effect from "effect/Effect"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { UserId } from "../../../domain/UserId.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import { makeBoundedMap } from "./makeBoundedMap.js"

const capacity = 10_000

/**
 * Whose session an event is about: asked of the store once, and then remembered. Null when the session is gone.
 */
export const makeUserOf = (store: SessionStore["Type"]) => {
  const known = makeBoundedMap<SessionId, UserId>(capacity)

  return (event: SessionEvent): Effect.Effect<UserId | null, StoreError> =>
    Effect.suspend(() => {
      const { sessionId } = event
      if (event._tag === "SessionDeleted") {
        known.delete(sessionId)
        return Effect.succeed(event.userId)
      }
      const userId = event._tag === "SessionCreated" ? event.session.userId : known.get(sessionId)
      if (userId !== undefined) {
        known.set(sessionId, userId)
        return Effect.succeed(userId)
      }
      return store.get(sessionId).pipe(
        Effect.map((session) => {
          known.set(sessionId, session.userId)
          return session.userId
        }),
        Effect.catchTag("SessionNotFound", () => Effect.succeed(null))
      )
    })
}
