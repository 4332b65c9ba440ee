import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ContextPatch } from "../../../domain/ContextPatch.js"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { MiddlewareError } from "../../../domain/error/MiddlewareError.js"
import { SessionBusy } from "../../../domain/error/SessionBusy.js"
import { SessionNotFound } from "../../../domain/error/SessionNotFound.js"
import { SessionStateError } from "../../../domain/error/SessionStateError.js"
import { SessionUnavailable } from "../../../domain/error/SessionUnavailable.js"
import type { Message } from "../../../domain/Message.js"
import { type SessionContext, update } from "../../../domain/SessionContext.js"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { SessionId } from "../../../domain/SessionId.js"
import { acceptsMessages, type SessionStatus } from "../../../domain/SessionStatus.js"
import type { StopOutcome, StopTurn } from "../../../domain/StopTurn.js"
import type { Prompt } from "../../../domain/Turn.js"
import { type ActorCore, type Command, makeActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { appendMessage } from "./appendMessage.js"
import { makeTurnQueue } from "./makeTurnQueue.js"
import { PersistFailure } from "./PersistFailure.js"
import { promptMessage } from "./promptMessage.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import type { TurnObserver } from "./TurnObserver.js"
import type { TurnQueue } from "./TurnQueue.js"

const busyRetryMs = 1000

/**
 * The one place where a session changes. Cheap to make: it reads the store when the first command comes.
 */
export interface SessionActor {
  /** Accepts a send, or fails and leaves no trace of it. The observer is told the rest. */
  readonly accept: (prompt: Prompt, observer: TurnObserver) => Effect.Effect<void, ChangeError | MiddlewareError>
  readonly stopTurn: (stop: StopTurn) => Effect.Effect<StopOutcome, ChangeError>
  readonly sendSystem: (prompt: Prompt) => Effect.Effect<Message, ChangeError | MiddlewareError>
  readonly updateContext: (patch: ContextPatch) => Effect.Effect<SessionContext, ChangeError>
  readonly clear: Effect.Effect<void, ChangeError>
  readonly archive: Effect.Effect<void, ChangeError>
  readonly delete: Effect.Effect<void, ChangeError>
  /** Reads the store, and takes up the turns that an earlier owner left. */
  readonly start: Effect.Effect<void, ChangeError>
  /** Writes down that the session rests, and stops, unless there is something to do. */
  readonly passivate: (isWanted: () => boolean) => Effect.Effect<void, ChangeError>
  readonly stop: (reason: ChangeError) => Effect.Effect<void>
  /** Turns that are not ended. */
  readonly openTurns: () => number
}

/**
 * `onStop` is told whether turns are left that were accepted and can only be answered by starting again.
 */
export const makeSessionActor = (
  id: SessionId,
  services: ActorServices,
  onStop: (owesTurns: boolean) => void
): SessionActor => {
  const { hooks, ids, pipeline, store } = services

  const core: ActorCore = makeActorCore(id, services, {
    loaded: (openTurns) => turns.recover(openTurns),
    served: Effect.suspend(() => turns.advance),
    failed: (reason) =>
      reason._tag === "SessionNotFound" || reason._tag === "OwnershipLost"
        ? Effect.void
        : publish((at) => ({ _tag: "SessionErrored", sessionId: id, at, reason: reason.message })),
    stopped: (reason) => {
      onStop(turns.size() > 0 && reason._tag !== "SessionNotFound" && reason._tag !== "OwnershipLost")
      // A turn that was accepted is stored, whatever the store said to somebody else.
      return turns.abandon(
        reason._tag === "SessionNotFound" ? reason : new SessionUnavailable({ sessionId: id, reason: reason.message })
      )
    }
  })
  const turns: TurnQueue = makeTurnQueue(core, services)

  const publish = (event: (at: DateTime.Utc) => SessionEvent) =>
    Effect.flatMap(DateTime.now, (at) => hooks.publish(event(at)))

  // Checked at the very moment of the offer, so that no burst of senders gets past it.
  const ifRoom = (command: Command) =>
    turns.size() + core.backlog() < services.mailboxCapacity
      ? core.tell(command)
      : command.abandon(new SessionBusy({ sessionId: id, retryAfterMs: busyRetryMs }))

  const betweenTurns = (command: Command) => ifRoom({ ...command, run: Effect.sync(() => turns.enqueue(command)) })

  const requireOpen = Effect.suspend(() => {
    const { status } = core.state().session
    return acceptsMessages(status) ? Effect.void : new SessionStateError({ sessionId: id, status, operation: "send" })
  })

  const admit = (prompt: Prompt) =>
    Effect.flatMap(core.current, ({ context, session }) => pipeline.admission(prompt, { context, session }))

  const addSystemMessage = (prompt: Prompt) =>
    Effect.gen(function*() {
      yield* requireOpen
      const at = yield* DateTime.now
      const message = promptMessage(core.state(), yield* ids.messageId, prompt, at)
      const next = appendMessage(core.state(), message, at, services.historyWindow)
      yield* core.persist({ changes: { messages: [message], metrics: next.metrics, lastActivityAt: at }, next })
      yield* publish((at) => ({ _tag: "MessageSent", sessionId: id, at, message }))
      return message
    })

  return {
    accept: (prompt, observer) =>
      Effect.flatMap(
        admit(prompt),
        (admitted) => core.ask(Effect.zipRight(requireOpen, turns.accept(admitted, observer)), ifRoom)
      ),

    stopTurn: (stop) => Effect.flatten(core.ask(turns.stop(stop))),

    sendSystem: (prompt) =>
      Effect.flatMap(admit(prompt), (admitted) => core.ask(addSystemMessage(admitted), betweenTurns)),

    updateContext: (patch) =>
      core.ask(Effect.gen(function*() {
        const context = yield* update(core.state().context, patch, yield* DateTime.now)
        yield* core.persist({ changes: { context }, next: { ...core.state(), context } })
        yield* publish((at) => ({ _tag: "ContextUpdated", sessionId: id, at, context }))
        return context
      })),

    clear: core.ask(
      Effect.gen(function*() {
        const state = core.state()
        const next = { ...state, window: [], session: { ...state.session, messageCount: 0 } }
        yield* core.persist({ changes: { clearMessages: true }, next })
        yield* publish((at) => ({ _tag: "MessagesCleared", sessionId: id, at }))
      }),
      betweenTurns
    ),

    archive: core.ask(Effect.gen(function*() {
      if (core.state().session.status === "archived") return
      yield* core.persist(withStatus(core.state(), "archived"))
      yield* publish((at) => ({ _tag: "SessionArchived", sessionId: id, at }))
    })),

    delete: core.ask(Effect.gen(function*() {
      const gone = new SessionNotFound({ sessionId: id })
      yield* turns.abandon(gone)
      yield* Effect.mapError(store.remove(id, core.state().epoch), (error) => new PersistFailure({ error }))
      yield* publish((at) => ({ _tag: "SessionDeleted", sessionId: id, at }))
      yield* core.stop(gone)
    })),

    start: Effect.asVoid(core.current),

    passivate: (isWanted) =>
      core.ask(Effect.gen(function*() {
        if (turns.size() > 0 || isWanted()) return
        if (core.state().session.status === "active") yield* core.persist(withStatus(core.state(), "idle"))
        if (!isWanted()) yield* core.stop(new SessionUnavailable({ sessionId: id, reason: "its actor was passivated" }))
      })),

    stop: core.stop,
    openTurns: turns.size
  }
}

const withStatus = (state: SessionState, status: SessionStatus): Transition => ({
  changes: { status },
  next: { ...state, session: { ...state.session, status } }
})
