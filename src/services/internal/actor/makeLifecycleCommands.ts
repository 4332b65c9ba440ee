import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import { SessionNotFound } from "../../../domain/error/SessionNotFound.js"
import type { Turn } from "../../../domain/Turn.js"
import type { DueSession } from "../../DueSession.js"
import type { ErasedSession } from "../../ErasedSession.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { PersistFailure } from "./PersistFailure.js"
import { tellTurnEnded } from "./tellTurnEnded.js"
import type { TurnQueue } from "./TurnQueue.js"
import { withEvents } from "./withEvents.js"
import { withStatus } from "./withStatus.js"

/**
 * Archives, reactivates and deletes the session.
 */
export const makeLifecycleCommands = (core: ActorCore, turns: TurnQueue, services: ActorServices) => {
  const { feed, hooks, store } = services
  const { id } = core

  /** Whatever becomes of these turns now, nobody will hear of it here. */
  const letGo = (open: ReadonlyArray<Turn>) => {
    for (const turn of open) tellTurnEnded(services, core.state(), turn.id)
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
    // Its rest begins anew, or it would be archived again at once.
    const session = { ...next.session, lastActivityAt: at }
    const awake = { changes: { ...changes, lastActivityAt: at }, next: { ...next, session } }
    yield* core.persist(withEvents(awake, at, [{ _tag: "SessionReactivated" }]))
    if (status === "error") yield* Effect.flatMap(core.reload, turns.recover)
  })

  const gone = () => new SessionNotFound({ sessionId: id })

  /** No turn goes on, and none adds to what is there. Answers those that were open. */
  const abandonTurns = Effect.suspend(() => Effect.as(turns.abandon(gone()), turns.open()))

  const removeWithout = Effect.fnUntraced(function*(open: ReadonlyArray<Turn>) {
    const { lastEvent, session: { cursor, provider, userId } } = core.state()
    const number = lastEvent + 1
    const at = yield* DateTime.now
    const deletion = { _tag: "SessionDeleted" as const, sessionId: id, number, at, userId, provider }
    const owed = yield* hooks.hasHooks
    yield* Effect.mapError(
      store.remove(id, core.state().epoch, owed ? deletion : undefined),
      (error) => new PersistFailure({ error })
    )
    feed.publish(id, [deletion])
    if (owed) yield* services.tellDeletion(deletion)
    feed.end(id)
    letGo(open)
    const forgetting = cursor && services.forget(cursor)
    yield* core.stop(gone())
    return forgetting
  })

  const remove = Effect.flatMap(abandonTurns, removeWithout)

  const countAndRemove = Effect.gen(function*() {
    const open = yield* abandonTurns
    const footprint = yield* Effect.mapError(store.footprint(id), (error) => new PersistFailure({ error }))
    return { footprint, forgetting: yield* removeWithout(open) }
  })

  /** Answers once the provider has been told, which the mailbox does not wait for. */
  const erase: Effect.Effect<ErasedSession, ChangeError> = Effect.flatMap(
    core.ask(countAndRemove),
    ({ footprint, forgetting }) =>
      forgetting === undefined
        ? Effect.succeed(footprint)
        : Effect.map(Fiber.join(forgetting), (isForgotten) => ({ ...footprint, isForgotten }))
  )

  const retire = (action: DueSession["action"], foundAt: DateTime.Utc) =>
    core.ask(Effect.suspend(() => {
      const isAwake = turns.size() > 0 || DateTime.greaterThanOrEqualTo(core.state().session.lastActivityAt, foundAt)
      if (isAwake) return Effect.succeed(false)
      return Effect.as(action === "archive" ? archive : remove, true)
    }))

  return {
    letGo,
    archive: core.ask(archive),
    reactivate: core.ask(reactivate),
    delete: Effect.asVoid(core.ask(remove)),
    erase,
    retire
  }
}
