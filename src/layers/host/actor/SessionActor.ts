import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../../../domain/error/RequestError.js"
import {
  type ChangeError,
  type IdempotencyConflict,
  type LimitExceeded,
  type MessageNotFound,
  SessionUnavailable
} from "../../../domain/error/SessionError.js"
import type { MiddlewareError } from "../../../domain/error/TurnError.js"
import type { SessionId, TurnId } from "../../../domain/Ids.js"
import type { Message, MessageContent } from "../../../domain/Message.js"
import type { EditOutcome, EditTurn, SendMessage, StopOutcome, StopTurn } from "../../../domain/Send.js"
import type { ConfigureSession, RewindSession, SessionInfo } from "../../../domain/Session.js"
import { type ContextPatch, type SessionContext, updateContext } from "../../../domain/SessionContext.js"
import type { Turn } from "../../../domain/Turn.js"
import type { ErasedSession, ExpiringSession } from "../../../services/SessionStore.js"
import { type ActorCore, makeActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { makeEventDelivery } from "./eventDelivery.js"
import { makeHistoryCommands } from "./historyCommands.js"
import { makeLifecycleCommands } from "./lifecycleCommands.js"
import type { TurnObserver } from "./OpenTurn.js"
import { makeSendCommands } from "./sendCommands.js"
import { withEvents, withStatus } from "./SessionState.js"
import { makeTurnQueue, type TurnQueue } from "./TurnQueue.js"

/**
 * The only writer of a session. Cheap to create: it reads the store when the first command arrives.
 */
export interface SessionActor {
  /** Accepts a send, or fails and stores nothing. The observer receives what happens after that. */
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
  /** Deletes the session. Returns what was deleted, after the provider deleted its copy of the conversation. */
  readonly erase: Effect.Effect<ErasedSession, ChangeError>
  /** Archives or deletes an idle session, unless there was activity since `foundAt`. Returns whether it did. */
  readonly archiveOrDeleteIfIdle: (
    action: ExpiringSession["action"],
    foundAt: DateTime.Utc
  ) => Effect.Effect<boolean, ChangeError>
  /** The feed's position. `subscribe` runs at the same moment, so that a watcher misses nothing. */
  readonly feed: (subscribe: () => void) => Effect.Effect<FeedState, ChangeError>
  /** Loads the session, and recovers the turns that an earlier owner left open. */
  readonly start: Effect.Effect<void, ChangeError>
  /** Ends the running turn if it started before this moment of the clock, in nanoseconds. */
  readonly endOverdueTurn: (before: bigint) => Effect.Effect<void>
  /** Stores that the session is idle and stops the actor, unless it has work or `isWanted`. */
  readonly passivate: (isWanted: () => boolean) => Effect.Effect<void, ChangeError>
  /** Stores which events hooks have received. */
  readonly saveDelivery: Effect.Effect<void, ChangeError>
  readonly stop: (reason: ChangeError) => Effect.Effect<void>
  /** Number of open turns. */
  readonly openTurns: () => number
  /** Commands in its queue, the running one included. */
  readonly backlog: () => number
}

export const makeSessionActor = (
  id: SessionId,
  services: ActorServices,
  onStop: (end: ActorEnd) => void
): SessionActor => {
  const { feed } = services
  let failed = false

  const core: ActorCore = makeActorCore(id, services, {
    // A turn may have caused the error, so the turns of a failed session wait until it is reactivated.
    loaded: (openTurns) => {
      const { lastEvent, session } = core.state()
      feed.catchUp(id, lastEvent)
      return session.status === "error"
        ? delivery.redeliver
        : Effect.zipRight(delivery.redeliver, turns.recover(openTurns))
    },
    committed: (events) => delivery.publish(events),
    served: Effect.suspend(() => turns.advance),
    failed: () =>
      Effect.sync(() => {
        failed = true
      }),
    stopped: (reason) => {
      const isGone = reason._tag === "SessionNotFound" || reason._tag === "OwnershipLost"
      if (isGone) lifecycle.notifyTurnsGone(turns.open())
      // After `OwnershipLost` the session may return to this process, which then needs the middleware added for it.
      if (reason._tag === "SessionNotFound") services.pipeline.forget(id)
      onStop({ reason, owesTurns: turns.size() > 0 && !isGone, failed: failed && !isGone })
      // An accepted turn is stored, so its sender gets `SessionUnavailable`, not the error of another command.
      return turns.abandon(
        reason._tag === "SessionNotFound" || reason._tag === "SessionUnavailable"
          ? reason
          : new SessionUnavailable({ sessionId: id, reason: reason.message })
      )
    }
  })
  const turns: TurnQueue = makeTurnQueue(core, services)
  const sends = makeSendCommands(core, turns, services)
  const history = makeHistoryCommands(core, turns, sends, services)
  const lifecycle = makeLifecycleCommands(core, turns, services)
  const delivery = makeEventDelivery(core, () => turns.size() > 0, services)

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
        const context = yield* updateContext(core.state().context, patch, at)
        const changed = { changes: { context }, next: { ...core.state(), context } }
        yield* core.persist(withEvents(changed, at, [{ _tag: "ContextUpdated", context }]))
        return context
      })),

    archive: lifecycle.archive,
    reactivate: lifecycle.reactivate,
    delete: lifecycle.delete,
    erase: lifecycle.erase,
    archiveOrDeleteIfIdle: lifecycle.archiveOrDeleteIfIdle,

    feed: (subscribe) =>
      core.ask(Effect.sync(() => {
        subscribe()
        const running = turns.running()
        return {
          lastEvent: core.state().lastEvent,
          ...(running && {
            reply: { turnId: running.open.turn.id, startEvent: running.startEvent, text: running.open.text }
          })
        }
      })),

    start: Effect.asVoid(core.current),
    endOverdueTurn: turns.endOverdue,

    passivate: (isWanted) =>
      core.ask(Effect.gen(function*() {
        const { done, stored } = core.delivery()
        if (turns.size() > 0 || isWanted()) return
        if (!done) return yield* delivery.redeliver
        const state = core.state()
        if (state.session.status === "active") yield* core.persist(withStatus(state, "idle", yield* DateTime.now))
        else if (!stored) yield* delivery.save
        if (!isWanted()) {
          yield* core.stop(new SessionUnavailable({ sessionId: id, reason: "its actor was passivated; try again" }))
        }
      })),

    saveDelivery: core.ask(delivery.save),

    stop: core.stop,
    openTurns: turns.size,
    backlog: core.backlog
  }
}

/**
 * Position of a session's feed: the last event, and the text shown so far of the running reply.
 */
export interface FeedState {
  readonly lastEvent: number
  readonly reply?: {
    readonly turnId: TurnId
    /** Number of the `TurnStarted` event before the text. */
    readonly startEvent: number
    readonly text: string
  }
}

/**
 * How an actor stopped. `owesTurns`: accepted turns are left, which only a restart can answer. `failed`: it was not
 * asked to stop.
 */
export interface ActorEnd {
  readonly reason: ChangeError
  readonly owesTurns: boolean
  readonly failed: boolean
}
