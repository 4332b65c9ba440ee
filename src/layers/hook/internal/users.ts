import * as Effect from "effect/Effect"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { SessionEvent } from "../../../domain/Events.js"
import type { SessionId, UserId } from "../../../domain/Ids.js"
import type { SessionStore } from "../../../services/SessionStore.js"

/** Sessions whose user is cached. */
const capacity = 10_000

/**
 * Finds the user whose session an event is about. Reads the store once per session and caches the result. Null when the session
 * no longer exists.
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

/**
 * A map with a capacity. When it is full, the least recently used entry is dropped.
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
