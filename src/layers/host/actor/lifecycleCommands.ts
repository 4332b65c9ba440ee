import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type ChangeError, SessionNotFound } from "../../../domain/error/SessionError.js"
import type { Turn } from "../../../domain/Turn.js"
import type { ErasedSession, ExpiringSession } from "../../../services/SessionStore.js"
import { type ActorCore, notifyTurnEnded, PersistFailure } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { withEvents, withStatus } from "./SessionState.js"
import type { TurnQueue } from "./TurnQueue.js"

/**
 * Commands that archive, reactivate and delete the session.
 */
export const makeLifecycleCommands = (core: ActorCore, turns: TurnQueue, services: ActorServices) => {
  const { feed, hooks, store } = services
  const { id } = core

  /** Notifies middleware that these turns end without this process knowing how. */
  const notifyTurnsGone = (open: ReadonlyArray<Turn>) => {
    for (const turn of open) notifyTurnEnded(services, core.state(), turn.id)
  }

  const archive = Effect.gen(function*() {
    if (core.state().session.status === "archived") return
    yield* core.persist(withStatus(core.state(), "archived", yield* DateTime.now))
  })

  const reactivate = Effect.gen(function*() {
    const { status } = core.state().session
    if (status !== "archived" && status !== "error") return
    const at = yield* DateTime.now
    const { changes, next } = withStatus(core.state(), "active", at)
    // Restarts the idle time; otherwise the session would be archived again at once.
    const session = { ...next.session, lastActivityAt: at }
    const reactivated = { changes: { ...changes, lastActivityAt: at }, next: { ...next, session } }
    yield* core.persist(withEvents(reactivated, at, [{ _tag: "SessionReactivated" }]))
    if (status === "error") yield* Effect.flatMap(core.reload, turns.recover)
  })

  const notFound = () => new SessionNotFound({ sessionId: id })

  /** Abandons all turns, so that none adds to the session. Returns those that were open. */
  const abandonTurns = Effect.suspend(() => Effect.as(turns.abandon(notFound()), turns.open()))

  const removeSession = Effect.fnUntraced(function*(open: ReadonlyArray<Turn>) {
    const { lastEvent, session: { cursor, provider, userId } } = core.state()
    const number = lastEvent + 1
    const at = yield* DateTime.now
    const deletion = { _tag: "SessionDeleted" as const, sessionId: id, number, at, userId, provider }
    const hasHooks = yield* hooks.hasHooks
    yield* Effect.mapError(
      store.remove(id, core.state().epoch, hasHooks ? deletion : undefined),
      (error) => new PersistFailure({ error })
    )
    feed.publish(id, [deletion])
    if (hasHooks) yield* services.publishDeletion(deletion)
    feed.end(id)
    notifyTurnsGone(open)
    const forgetting = cursor && services.forget(cursor)
    yield* core.stop(notFound())
    return forgetting
  })

  const remove = Effect.flatMap(abandonTurns, removeSession)

  const countAndRemove = Effect.gen(function*() {
    const open = yield* abandonTurns
    const footprint = yield* Effect.mapError(store.footprint(id), (error) => new PersistFailure({ error }))
    return { footprint, forgetting: yield* removeSession(open) }
  })

  /** Completes after the provider deleted its copy of the conversation; the command queue does not wait for that. */
  const erase: Effect.Effect<ErasedSession, ChangeError> = Effect.flatMap(
    core.ask(countAndRemove),
    ({ footprint, forgetting }) =>
      forgetting === undefined
        ? Effect.succeed(footprint)
        : Effect.map(Fiber.join(forgetting), (isForgotten) => ({ ...footprint, isForgotten }))
  )

  const archiveOrDeleteIfIdle = (action: ExpiringSession["action"], foundAt: DateTime.Utc) =>
    core.ask(Effect.suspend(() => {
      const isActive = turns.size() > 0 || DateTime.greaterThanOrEqualTo(core.state().session.lastActivityAt, foundAt)
      if (isActive) return Effect.succeed(false)
      return Effect.as(action === "archive" ? archive : remove, true)
    }))

  return {
    notifyTurnsGone,
    archive: core.ask(archive),
    reactivate: core.ask(reactivate),
    delete: Effect.asVoid(core.ask(remove)),
    erase,
    archiveOrDeleteIfIdle
  }
}
