import * as Effect from "effect/Effect"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { HookFailure } from "../../../services/Hook.js"
import type { HookBus } from "../../../services/HookBus.js"
import type { SessionDeletion, SessionStore } from "../../../services/SessionStore.js"

/** Deletions that are read at once for hooks that have not been told of them. */
const pageSize = 500

/**
 * Tells hooks of sessions that are gone, and have no actor any more to do that. What was dropped, or was left by an earlier
 * process, is told when `tellAll` comes by.
 */
export const makeDeletions = (
  store: SessionStore["Type"],
  hooks: HookBus["Type"],
  fork: (settle: Effect.Effect<void>) => void
) => {
  /** Those that every hook has taken, and some have not dealt with yet. */
  const underWay = new Set<SessionId>()

  const settle = ({ _tag, number, sessionId }: SessionDeletion, failures: ReadonlyArray<HookFailure>) =>
    store.settleDeletion(sessionId, failures.map((failure) => ({ ...failure, sessionId, number, event: _tag }))).pipe(
      Effect.ignoreLogged,
      Effect.ensuring(Effect.sync(() => underWay.delete(sessionId)))
    )

  const tell = (deletion: SessionDeletion): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { sessionId } = deletion
      if (underWay.has(sessionId)) return Effect.void
      underWay.add(sessionId)
      return Effect.map(hooks.publish(deletion, (failures) => fork(settle(deletion, failures))), (taken) => {
        if (!taken) underWay.delete(sessionId)
      })
    })

  const tellAll: Effect.Effect<void, StoreError> = Effect.flatMap(
    store.deletions(pageSize),
    Effect.forEach(tell, { discard: true })
  )

  return { tell, tellAll }
}
