import * as Effect from "effect/Effect"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { HookFailure } from "../../../services/Hook.js"
import type { HookBus } from "../../../services/HookBus.js"
import type { SessionDeletion, SessionStore } from "../../../services/SessionStore.js"

/**
 * Publishes deletions of sessions to hooks, since a deleted session has no actor to do it. `publishAll` publishes those
 * that were dropped, or left by an earlier process.
 */
export const makeDeletions = (
  store: SessionStore["Type"],
  hooks: HookBus["Type"],
  fork: (settle: Effect.Effect<void>) => void
) => {
  /** Deletions that all hooks have queued, and some have not handled yet. */
  const pending = new Set<SessionId>()

  const settle = ({ _tag, number, sessionId }: SessionDeletion, failures: ReadonlyArray<HookFailure>) =>
    store.settleDeletion(sessionId, failures.map((failure) => ({ ...failure, sessionId, number, event: _tag }))).pipe(
      Effect.ignoreLogged,
      Effect.ensuring(Effect.sync(() => pending.delete(sessionId)))
    )

  const publish = (deletion: SessionDeletion): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { sessionId } = deletion
      if (pending.has(sessionId)) return Effect.void
      pending.add(sessionId)
      return Effect.map(hooks.publish(deletion, (failures) => fork(settle(deletion, failures))), (isQueued) => {
        if (!isQueued) pending.delete(sessionId)
      })
    })

  const publishAll: Effect.Effect<void, StoreError> = Effect.flatMap(
    store.deletions(pageSize),
    Effect.forEach(publish, { discard: true })
  )

  return { publish, publishAll }
}

/** Deletions read from the store at once. */
const pageSize = 500
