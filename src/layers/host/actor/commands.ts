import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type ChangeError, SessionNotFound } from "../../../domain/error/SessionError.js"
import type { MessageContent } from "../../../domain/Message.js"
import type { ConfigureSession, RewindSession } from "../../../domain/Session.js"
import type { SessionContext } from "../../../domain/SessionContext.js"
import type { Turn } from "../../../domain/Turn.js"
import { checkTargets } from "../../../services/internal/calls/targets.js"
import type { ErasedSession, ExpiringSession } from "../../../services/SessionStore.js"
import { type ActorCore, PersistFailure, tellTurnEnded } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { checkLimits, type makeSendCommands } from "./sends.js"
import { appendMessages, configureSession, type EventBody, newMessage, withEvents, withStatus } from "./SessionState.js"
import { closeToolCalls } from "./turnEnd.js"
import type { TurnQueue } from "./TurnQueue.js"
import { withCursor } from "./turnSteps.js"

/**
 * Changes of the history, and of who answers, that belong to no turn, and fall into none.
 */
export const makeHistoryCommands = (
  core: ActorCore,
  turns: TurnQueue,
  sends: ReturnType<typeof makeSendCommands>,
  services: ActorServices
) => {
  const { ids, limits, providers, store } = services

  const append = Effect.fnUntraced(function*(message: ReturnType<typeof newMessage>, at: DateTime.Utc) {
    const added = appendMessages(core.state(), [message], at, limits.historyWindow)
    yield* core.persist(withEvents(added, at, [{ _tag: "MessageSent", message }]))
    return message
  })

  const sendSystem = Effect.fnUntraced(function*(content: MessageContent) {
    const prompt = yield* sends.admit(content)
    const add = Effect.gen(function*() {
      yield* sends.requireOpen("sendSystem")
      yield* checkLimits(core.state(), prompt, 1)
      const at = yield* DateTime.now
      return yield* append(
        newMessage(core.state(), { ...prompt, id: yield* ids.messageId, role: "system", createdAt: at }),
        at
      )
    })
    return yield* core.ask(add, sends.betweenTurns)
  })

  const clear = core.ask(
    Effect.gen(function*() {
      yield* sends.requireOpen("clear")
      const state = core.state()
      const next = { ...state, window: [], session: { ...withCursor(state.session, null), messageCount: 0 } }
      const changes = { clearMessages: true, cursor: null }
      yield* core.persist(withEvents({ changes, next }, yield* DateTime.now, [{ _tag: "MessagesCleared" }]))
    }),
    sends.betweenTurns
  )

  const rewindTo = Effect.fnUntraced(function*({ to }: RewindSession) {
    yield* sends.requireOpen("rewind")
    const { seq } = yield* store.message(core.id, to)
    const before = yield* store.contextAt(core.id, seq)
    const state = core.state()
    const at = yield* DateTime.now
    const context: SessionContext | undefined = before.version === state.context.version
      ? undefined
      : { ...before, sessionId: core.id, version: state.context.version + 1, updatedAt: at }
    const bodies: ReadonlyArray<EventBody> = [
      { _tag: "MessagesRewound", to: seq },
      ...(context ? [{ _tag: "ContextUpdated" as const, context }] : [])
    ]
    const { cursor } = state.session
    // A provider that has what is taken back here would go on with it.
    const changes = {
      rewindTo: seq,
      ...(context && { context }),
      ...(cursor && cursor.seq > seq && { cursor: null })
    }
    yield* core.persist(withEvents({ changes, next: state }, at, bodies))
    yield* core.reload
    yield* Effect.forEach(
      yield* closeToolCalls(ids, core.state(), at),
      (message) => append(message, at),
      { discard: true }
    )
  })

  const configureAs = Effect.fnUntraced(function*(changes: ConfigureSession) {
    yield* sends.requireOpen("configure")
    const configured = yield* configureSession(core.state(), changes, yield* DateTime.now)
    yield* checkTargets(providers, configured.next.session)
    yield* core.persist(configured)
    yield* turns.reopen
    return core.state().session
  })

  return {
    sendSystem,
    clear,
    configure: (changes: ConfigureSession) => core.ask(configureAs(changes), sends.betweenTurns),
    rewind: (rewind: RewindSession) => core.ask(rewindTo(rewind), sends.betweenTurns)
  }
}

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

  const retire = (action: ExpiringSession["action"], foundAt: DateTime.Utc) =>
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
