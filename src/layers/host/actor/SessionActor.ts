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
import type { SessionId } from "../../../domain/Ids.js"
import type { Message, MessageContent } from "../../../domain/Message.js"
import type { EditOutcome, EditTurn, SendMessage, StopOutcome, StopTurn } from "../../../domain/Send.js"
import type { ConfigureSession, RewindSession, SessionInfo } from "../../../domain/Session.js"
import { type ContextPatch, type SessionContext, updateContext } from "../../../domain/SessionContext.js"
import type { Turn } from "../../../domain/Turn.js"
import type { ErasedSession, ExpiringSession } from "../../../services/SessionStore.js"
import { type ActorCore, makeActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { makeHistoryCommands, makeLifecycleCommands } from "./commands.js"
import { makeEventDelivery } from "./eventDelivery.js"
import type { TurnObserver } from "./OpenTurn.js"
import { makeSendCommands } from "./sends.js"
import { type FeedState, withEvents, withStatus } from "./SessionState.js"
import { makeTurnQueue, type TurnQueue } from "./TurnQueue.js"

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
  readonly archiveOrDeleteIfIdle: (
    action: ExpiringSession["action"],
    foundAt: DateTime.Utc
  ) => Effect.Effect<boolean, ChangeError>
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
  const { feed } = services
  let failed = false

  const core: ActorCore = makeActorCore(id, services, {
    // What made a session fail may be a turn of it: they wait until somebody has mended that.
    loaded: (openTurns) => {
      const { lastEvent, session } = core.state()
      feed.catchUp(id, lastEvent)
      return session.status === "error"
        ? delivery.redeliver
        : Effect.zipRight(delivery.redeliver, turns.recover(openTurns))
    },
    committed: (events) => delivery.tell(events),
    served: Effect.suspend(() => turns.advance),
    failed: () =>
      Effect.sync(() => {
        failed = true
      }),
    stopped: (reason) => {
      const isGone = reason._tag === "SessionNotFound" || reason._tag === "OwnershipLost"
      if (isGone) lifecycle.letGo(turns.open())
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
    archiveOrDeleteIfIdle: lifecycle.retire,

    feed: (subscribe) =>
      core.ask(Effect.sync(() => {
        subscribe()
        const running = turns.running()
        return {
          lastEvent: core.state().lastEvent,
          ...(running && {
            reply: { turnId: running.open.turn.id, startedWith: running.startedWith, text: running.open.text }
          })
        }
      })),

    start: Effect.asVoid(core.current),
    expire: turns.expire,

    passivate: (isWanted) =>
      core.ask(Effect.gen(function*() {
        const { done, stored } = core.delivery()
        if (turns.size() > 0 || isWanted()) return
        if (!done) return yield* delivery.redeliver
        const state = core.state()
        if (state.session.status === "active") yield* core.persist(withStatus(state, "idle", yield* DateTime.now))
        else if (!stored) yield* delivery.save
        if (!isWanted()) yield* core.stop(new SessionUnavailable({ sessionId: id, reason: "its actor was passivated" }))
      })),

    saveDelivery: core.ask(delivery.save),

    stop: core.stop,
    openTurns: turns.size,
    backlog: core.backlog
  }
}
