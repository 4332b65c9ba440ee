import * as Effect from "effect/Effect"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { SessionEvent } from "../../../domain/Events.js"
import type { SessionId, UserId } from "../../../domain/Ids.js"
import type { SessionStore } from "../../../services/SessionStore.js"

/**
 * What has been used lately, of what may be without end: once it is full, the entry goes that was used least recently.
 */
export const makeBoundedMap = <Key, Value>(capacity: number) => {
  const entries = new Map<Key, Value>()
  return {
    get: (key: Key): Value | undefined => {
      const value = entries.get(key)
      if (value !== undefined) {
        entries.delete(key)
        entries.set(key, value)
      }
      return value
    },
    set: (key: Key, value: Value): void => {
      entries.delete(key)
      entries.set(key, value)
      for (const oldest of entries.keys()) {
        if (entries.size <= capacity) break
        entries.delete(oldest)
      }
    },
    delete: (key: Key): void => void entries.delete(key)
  }
}

const capacity = 10_000

/**
 * Whose session an event is about: asked of the store once, and then remembered. Null when the session is gone.
 */
export const makeUserLookup = (store: SessionStore["Type"]) => {
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
