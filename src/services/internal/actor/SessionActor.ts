import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { constVoid } from "effect/Function"
import type { ConfigureSession } from "../../../domain/ConfigureSession.js"
import type { ContextPatch } from "../../../domain/ContextPatch.js"
import type { EditOutcome, EditTurn } from "../../../domain/EditTurn.js"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { ConfigurationError } from "../../../domain/error/ConfigurationError.js"
import type { IdempotencyConflict } from "../../../domain/error/IdempotencyConflict.js"
import type { LimitExceeded } from "../../../domain/error/LimitExceeded.js"
import type { MessageNotFound } from "../../../domain/error/MessageNotFound.js"
import type { MiddlewareError } from "../../../domain/error/MiddlewareError.js"
import { SessionNotFound } from "../../../domain/error/SessionNotFound.js"
import { SessionUnavailable } from "../../../domain/error/SessionUnavailable.js"
import type { Message } from "../../../domain/Message.js"
import type { MessageContent } from "../../../domain/MessageContent.js"
import type { RewindSession } from "../../../domain/RewindSession.js"
import type { SendMessage } from "../../../domain/SendMessage.js"
import { type SessionContext, update } from "../../../domain/SessionContext.js"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { SessionInfo } from "../../../domain/SessionInfo.js"
import type { StopOutcome, StopTurn } from "../../../domain/StopTurn.js"
import type { Turn } from "../../../domain/Turn.js"
import type { DueSession } from "../../DueSession.js"
import type { ErasedSession } from "../../ErasedSession.js"
import { type ActorCore, makeActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import type { FeedState } from "./FeedState.js"
import { makeHistoryCommands } from "./makeHistoryCommands.js"
import { makeSendCommands } from "./makeSendCommands.js"
import { makeTurnQueue } from "./makeTurnQueue.js"
import { PersistFailure } from "./PersistFailure.js"
import { tellTurnEnded } from "./tellTurnEnded.js"
import type { TurnObserver } from "./TurnObserver.js"
import type { TurnQueue } from "./TurnQueue.js"
import { withEvents } from "./withEvents.js"
import { withStatus } from "./withStatus.js"

/** Events that are read at once for hooks that have not been told of them. */
const redeliveryPage = 500

/**
 * The one place where a session changes. Cheap to make: it reads the store when the first command comes.
 */
export interface SessionActor {
  /** Accepts a send, or fails and leaves no trace of it. The observer is told the rest. */
  readonly accept: (
    message: SendMessage,
    observer: TurnObserver
  ) => Effect.Effect<void, ChangeError | IdempotencyConflict | LimitExceeded | MiddlewareError>
  readonly pending: Effect.Effect<ReadonlyArray<Turn>, ChangeError>
  readonly edit: (edit: EditTurn) => Effect.Effect<EditOutcome, ChangeError | MiddlewareError>
  readonly stopTurn: (stop: StopTurn) => Effect.Effect<StopOutcome, ChangeError>
  readonly sendSystem: (
    content: MessageContent
  ) => Effect.Effect<Message, ChangeError | LimitExceeded | MiddlewareError>
  readonly updateContext: (patch: ContextPatch) => Effect.Effect<SessionContext, ChangeError>
  readonly configure: (
    changes: ConfigureSession
  ) => Effect.Effect<SessionInfo, ChangeError | ConfigurationError>
  readonly clear: Effect.Effect<void, ChangeError>
  readonly rewind: (rewind: RewindSession) => Effect.Effect<void, ChangeError | MessageNotFound>
  readonly archive: Effect.Effect<void, ChangeError>
  readonly reactivate: Effect.Effect<void, ChangeError>
  readonly delete: Effect.Effect<void, ChangeError>
  /** Deletes the session, and answers what went with it once the provider has been told. */
  readonly erase: Effect.Effect<ErasedSession, ChangeError>
  /**
   * Archives or deletes a session that was found to have rested, unless something has come since that moment. Answers whether
   * it did.
   */
  readonly retire: (action: DueSession["action"], foundAt: DateTime.Utc) => Effect.Effect<boolean, ChangeError>
  /** Where the feed is. `subscribe` runs at that very moment, so that whoever looks for what is live misses nothing. */
  readonly feed: (subscribe: () => void) => Effect.Effect<FeedState, ChangeError>
  /** Reads the store, and takes up the turns that an earlier owner left. */
  readonly start: Effect.Effect<void, ChangeError>
  /** Ends a turn that has run since before this moment of the clock, in nanoseconds. */
  readonly expire: (before: bigint) => Effect.Effect<void>
  /** Writes down that the session rests, and stops, unless there is something to do. */
  readonly passivate: (isWanted: () => boolean) => Effect.Effect<void, ChangeError>
  /** Stores what hooks have been told of. */
  readonly saveDelivery: Effect.Effect<void, ChangeError>
  readonly stop: (reason: ChangeError) => Effect.Effect<void>
  /** Turns that are not ended. */
  readonly openTurns: () => number
  /** Commands that wait in its mailbox. */
  readonly backlog: () => number
}

/**
 * How an actor ended. `owesTurns`: turns are left that were accepted and can only be answered by starting again. `failed`: it
 * did not end because it was told to.
 */
export interface ActorEnd {
  readonly reason: ChangeError
  readonly owesTurns: boolean
  readonly failed: boolean
}

export const makeSessionActor = (
  id: SessionId,
  services: ActorServices,
  onStop: (end: ActorEnd) => void
): SessionActor => {
  const { feed, hooks, store } = services
  let failed = false

  const core: ActorCore = makeActorCore(id, services, {
    // What made a session fail may be a turn of it: they wait until somebody has mended that.
    loaded: (openTurns) => {
      const { lastEvent, session } = core.state()
      feed.catchUp(id, lastEvent)
      return session.status === "error" ? redeliver : Effect.zipRight(redeliver, turns.recover(openTurns))
    },
    committed: (events) => tell(events),
    served: Effect.suspend(() => turns.advance),
    failed: () =>
      Effect.sync(() => {
        failed = true
      }),
    stopped: (reason) => {
      const isGone = reason._tag === "SessionNotFound" || reason._tag === "OwnershipLost"
      if (isGone) letGo(turns.open())
      // Another process may give the session back, and then its filters must be there.
      if (reason._tag === "SessionNotFound") services.pipeline.forget(id)
      onStop({ reason, owesTurns: turns.size() > 0 && !isGone, failed: failed && !isGone })
      // A turn that was accepted is stored, whatever the store said to somebody else.
      return turns.abandon(
        reason._tag === "SessionNotFound" ? reason : new SessionUnavailable({ sessionId: id, reason: reason.message })
      )
    }
  })
  const turns: TurnQueue = makeTurnQueue(core, services)
  const sends = makeSendCommands(core, turns, services)
  const history = makeHistoryCommands(core, turns, sends, services)

  const tell = (events: ReadonlyArray<SessionEvent>) => {
    feed.publish(id, events)
    return tellHooks(events)
  }

  /** `after` is the event before the first of these, if any were left out between the two. */
  const tellHooks = (events: ReadonlyArray<SessionEvent>, after?: number) =>
    Effect.forEach(events, (event, index) => {
      const before = index === 0 ? after ?? event.number - 1 : events[index - 1]?.number ?? 0
      return hooks.publish(event, (failures) => {
        core.noteDelivered(event, before, failures)
        // A turn that is open brings a commit of its own, which is not to wait for this one.
        if (failures.length > 0 && turns.size() === 0) core.tell({ run: saveDelivery, abandon: constVoid })
      })
    }, { discard: true })

  const saveDelivery = Effect.suspend(() =>
    core.delivery().stored ? Effect.void : core.persist({ changes: {}, next: core.state() })
  )

  /** Tells hooks once more of what they may not have heard: their process ended, or too much waited for them. */
  const redeliver: Effect.Effect<void, PersistFailure> = Effect.suspend(() => {
    const { lastEvent } = core.state()
    const rest = (after: number): Effect.Effect<void, PersistFailure> =>
      store.events(id, after, redeliveryPage).pipe(
        Effect.mapError((error) => new PersistFailure({ error })),
        Effect.tap((events) => tellHooks(events, after)),
        Effect.flatMap((events) => {
          const last = events.at(-1)
          return last && last.number < lastEvent ? rest(last.number) : Effect.void
        })
      )
    const { done, upTo } = core.delivery()
    return done ? Effect.void : rest(upTo)
  })

  /** Whatever becomes of these turns now, nobody will hear of it here. */
  const letGo = (open: ReadonlyArray<Turn>) => {
    for (const turn of open) tellTurnEnded(services, core.state(), turn.id)
  }

  const archive = Effect.gen(function*() {
    if (core.state().session.status === "archived") return
    yield* core.persist(withStatus(core.state(), "archived", yield* DateTime.now))
  })

  const remove = Effect.gen(function*() {
    const gone = new SessionNotFound({ sessionId: id })
    const { lastEvent, session: { cursor, provider, userId } } = core.state()
    const number = lastEvent + 1
    const open = turns.open()
    yield* turns.abandon(gone)
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
    yield* core.stop(gone)
    return forgetting
  })

  const erase = Effect.gen(function*() {
    const open = turns.open()
    // First, so that no turn adds to what is counted.
    yield* turns.abandon(new SessionNotFound({ sessionId: id }))
    const footprint = yield* Effect.mapError(store.footprint(id), (error) => new PersistFailure({ error }))
    const forgetting = yield* remove
    letGo(open)
    return { footprint, forgetting }
  })

  return {
    accept: sends.accept,
    edit: sends.edit,
    pending: core.ask(Effect.sync(turns.pending)),
    stopTurn: (stop) => Effect.flatten(core.ask(turns.stop(stop))),
    sendSystem: history.sendSystem,
    configure: history.configure,
    clear: history.clear,
    rewind: history.rewind,

    updateContext: (patch) =>
      core.ask(Effect.gen(function*() {
        yield* sends.requireOpen("updateContext")
        const at = yield* DateTime.now
        const context = yield* update(core.state().context, patch, at)
        const changed = { changes: { context }, next: { ...core.state(), context } }
        yield* core.persist(withEvents(changed, at, [{ _tag: "ContextUpdated", context }]))
        return context
      })),

    archive: core.ask(archive),

    reactivate: core.ask(Effect.gen(function*() {
      const { status } = core.state().session
      if (status !== "archived" && status !== "error") return
      const at = yield* DateTime.now
      const { changes, next } = withStatus(core.state(), "active", at)
      // Its rest begins anew, or it would be archived again at once.
      const session = { ...next.session, lastActivityAt: at }
      const awake = { changes: { ...changes, lastActivityAt: at }, next: { ...next, session } }
      yield* core.persist(withEvents(awake, at, [{ _tag: "SessionReactivated" }]))
      if (status === "error") yield* Effect.flatMap(core.reload, turns.recover)
    })),

    delete: Effect.asVoid(core.ask(remove)),

    erase: Effect.flatMap(core.ask(erase), ({ footprint, forgetting }) =>
      forgetting === undefined
        ? Effect.succeed(footprint)
        : Effect.map(Fiber.join(forgetting), (isForgotten) => ({ ...footprint, isForgotten }))),

    retire: (action, foundAt) =>
      core.ask(Effect.suspend(() => {
        const isAwake = turns.size() > 0 || DateTime.greaterThanOrEqualTo(core.state().session.lastActivityAt, foundAt)
        if (isAwake) return Effect.succeed(false)
        return Effect.as(action === "archive" ? archive : remove, true)
      })),

    feed: (subscribe) =>
      core.ask(Effect.sync(() => {
        subscribe()
        const running = turns.running()
        return {
          lastEvent: core.state().lastEvent,
          ...(running && {
            reply: { turnId: running.live.turn.id, startedWith: running.startedWith, text: running.live.text }
          })
        }
      })),

    start: Effect.asVoid(core.current),
    expire: turns.expire,

    passivate: (isWanted) =>
      core.ask(Effect.gen(function*() {
        const { done, stored } = core.delivery()
        if (turns.size() > 0 || isWanted()) return
        if (!done) return yield* redeliver
        const state = core.state()
        if (state.session.status === "active") yield* core.persist(withStatus(state, "idle", yield* DateTime.now))
        else if (!stored) yield* saveDelivery
        if (!isWanted()) yield* core.stop(new SessionUnavailable({ sessionId: id, reason: "its actor was passivated" }))
      })),

    saveDelivery: core.ask(saveDelivery),

    stop: core.stop,
    openTurns: turns.size,
    backlog: core.backlog
  }
}
