import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import { TurnInterrupted } from "../../../domain/error/TurnInterrupted.js"
import { TurnStopped } from "../../../domain/error/TurnStopped.js"
import type { StopOutcome, StopTurn } from "../../../domain/StopTurn.js"
import type { Prompt, Turn } from "../../../domain/Turn.js"
import type { Reply } from "../../Reply.js"
import { acceptTurn } from "./acceptTurn.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { dropTurn } from "./dropTurn.js"
import { endEvents } from "./endEvents.js"
import { endTurn } from "./endTurn.js"
import { type Conversation, openConversation } from "./openConversation.js"
import type { PersistFailure } from "./PersistFailure.js"
import { promptMessage } from "./promptMessage.js"
import { replyMessage } from "./replyMessage.js"
import { runTurn, type TurnOutcome } from "./runTurn.js"
import type { SessionState } from "./SessionState.js"
import { startTurn } from "./startTurn.js"
import { toExit, type TurnEnd } from "./TurnEnd.js"
import { type TurnObserver, unobserved } from "./TurnObserver.js"
import type { RunningTurn, StartedTurn, TurnQueue, Waiting } from "./TurnQueue.js"

export const makeTurnQueue = (core: ActorCore, services: ActorServices): TurnQueue => {
  const { historyWindow, hooks, ids, pipeline, providers } = services
  const waiting: Array<Waiting> = []
  let running: RunningTurn | undefined
  let conversation: Conversation | undefined

  const isFree = () => running === undefined && waiting.length === 0 && !services.isClosing()

  const accept = Effect.fnUntraced(function*(prompt: Prompt, observer: TurnObserver) {
    const at = yield* DateTime.now
    const { turn, ...accepted } = acceptTurn(core.state(), yield* ids.turnId, prompt, at)
    if (isFree()) {
      // Nothing stands between T1 and T2, so they are one commit.
      const started = yield* start(accepted.next, turn, prompt)
      observer.emit({ _tag: "TurnAccepted", turnId: turn.id })
      return yield* call(started, observer)
    }
    yield* core.persist(accepted)
    observer.emit({ _tag: "TurnAccepted", turnId: turn.id })
    waiting.push({ _tag: "Turn", turn, prompt, observer })
  })

  const start = Effect.fnUntraced(function*(state: SessionState, accepted: Turn, prompt: Prompt) {
    const at = yield* DateTime.now
    const message = promptMessage(state, yield* ids.messageId, prompt, at, accepted.id)
    const { turn, ...transition } = startTurn(state, accepted, message, at, historyWindow)
    yield* core.persist(transition)
    return { turn, message, at }
  })

  const call = Effect.fnUntraced(function*({ at, message, turn }: StartedTurn, observer: TurnObserver) {
    const { context, session, window } = core.state()
    observer.emit({ _tag: "TurnStarted", turnId: turn.id, message })
    conversation ??= openConversation(providers, session)
    let index = 0
    const fiber = services.forkTurn(runTurn({
      request: { sessionId: session.id, turnId: turn.id, messages: window, context },
      middleware: { session, context },
      pipeline,
      conversation: conversation.get,
      emit: (text) => observer.emit({ _tag: "TurnDelta", turnId: turn.id, index: index++, text }),
      // The outcome comes back through the mailbox: only the actor itself changes the session.
      report: (outcome) =>
        core.tell({
          run: finish(turn, observer, outcome),
          abandon: (reason) => observer.end(Exit.fail(reason))
        })
    }))
    running = { turn, observer, fiber }
    yield* hooks.publish({ _tag: "MessageSent", sessionId: session.id, at, message })
    yield* hooks.publish({ _tag: "TurnStarted", sessionId: session.id, at, turnId: turn.id })
  })

  const finish = Effect.fnUntraced(function*(turn: Turn, observer: TurnObserver, outcome: TurnOutcome) {
    const at = yield* DateTime.now
    const id = yield* ids.messageId
    const toMessage = (reply: Reply) => replyMessage(core.state(), id, reply, at, turn.id, outcome.processingTimeMs)
    const stop = running?.stop
    const isStopped = stop !== undefined && outcome.error?._tag === "TurnInterrupted"
    const partial = isStopped && !stop.keepPartial ? undefined : outcome.reply
    const end: TurnEnd = outcome.error === undefined
      ? { error: undefined, message: toMessage(outcome.reply) }
      : { error: isStopped ? stoppedTurn(turn) : outcome.error, message: partial && toMessage(partial) }
    yield* core.persist(endTurn(core.state(), turn, end, at, historyWindow))
    running = undefined
    if (stop) Deferred.unsafeDone(stop.outcome, Exit.succeed(isStopped ? "stopped" : "alreadyEnded"))
    if (end.error === undefined) observer.emit({ _tag: "TurnCompleted", turnId: turn.id, message: end.message })
    observer.end(toExit(end))
    yield* Effect.forEach(endEvents(turn, end, at), hooks.publish, { discard: true })
  })

  const stop = Effect.fnUntraced(function*({ keepPartial = true, turnId }: StopTurn) {
    if (running && (turnId === undefined || turnId === running.turn.id)) {
      running.stop ??= { keepPartial, outcome: Deferred.unsafeMake(FiberId.none) }
      // Not waited for: the turn reports its end through the mailbox, which has to go on for that.
      running.fiber.unsafeInterruptAsFork(FiberId.none)
      return Deferred.await(running.stop.outcome)
    }
    const index = waiting.findIndex((next) => next._tag === "Turn" && next.turn.id === turnId)
    const dropped = waiting[index]
    if (dropped?._tag !== "Turn") return Effect.succeed<StopOutcome>("alreadyEnded")
    const { observer, turn } = dropped
    const at = yield* DateTime.now
    const end: TurnEnd = { error: stoppedTurn(turn), message: undefined }
    yield* core.persist(dropTurn(core.state(), turn, stoppedTurn(turn), at))
    waiting.splice(index, 1)
    observer.end(toExit(end))
    yield* Effect.forEach(endEvents(turn, end, at), hooks.publish, { discard: true })
    return Effect.succeed<StopOutcome>("stopped")
  })

  // At most once: the provider may have been called, so the turn is not run again.
  const interrupt = Effect.fnUntraced(function*(turn: Turn) {
    const at = yield* DateTime.now
    const error = new TurnInterrupted({ sessionId: turn.sessionId, turnId: turn.id })
    const end: TurnEnd = { error, message: undefined }
    yield* core.persist(endTurn(core.state(), turn, end, at, historyWindow))
    yield* Effect.forEach(endEvents(turn, end, at), hooks.publish, { discard: true })
  })

  // What comes next stays in the queue until it is under way, so that a failure finds it there and tells who waits.
  const advance: Effect.Effect<void, PersistFailure> = Effect.suspend(() => {
    const next = waiting[0]
    if (next === undefined || running || services.isClosing()) return Effect.void
    const begin = next._tag === "Between"
      ? next.run
      : Effect.flatMap(start(core.state(), next.turn, next.prompt), (started) => call(started, next.observer))
    return Effect.flatMap(begin, () => {
      waiting.shift()
      return advance
    })
  })

  return {
    size: () => waiting.length + Number(running !== undefined),
    accept,
    stop,
    enqueue: (change) => {
      waiting.push({ _tag: "Between", ...change })
    },
    advance,
    recover: (openTurns) =>
      Effect.forEach(
        openTurns,
        (turn) => {
          if (turn.prompt === undefined) return interrupt(turn)
          waiting.push({ _tag: "Turn", turn, prompt: turn.prompt, observer: unobserved })
          return Effect.void
        },
        { discard: true }
      ),
    abandon: (reason) =>
      Effect.suspend(() => {
        for (const next of waiting.splice(0)) abandonWaiting(next, reason)
        const turn = running
        running = undefined
        turn?.observer.end(Exit.fail(reason))
        if (turn?.stop) Deferred.unsafeDone(turn.stop.outcome, Exit.fail(reason))
        return Effect.zipRight(
          turn ? Fiber.interrupt(turn.fiber) : Effect.void,
          conversation ? conversation.close : Effect.void
        )
      })
  }
}

const stoppedTurn = ({ id, sessionId }: Turn) => new TurnStopped({ sessionId, turnId: id })

const abandonWaiting = (next: Waiting, reason: ChangeError): void =>
  next._tag === "Turn" ? next.observer.end(Exit.fail(reason)) : next.abandon(reason)
