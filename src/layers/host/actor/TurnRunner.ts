import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type { ChangeError } from "../../../domain/error/SessionError.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"
import type { StopOutcome } from "../../../domain/Send.js"
import type { Reply } from "../../../services/Provider.js"
import type { ActorCore, PersistFailure } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { decideTurn, recordCall } from "./decideTurn.js"
import type { OpenTurn, RunningTurn, StopRequest } from "./OpenTurn.js"
import { inOneCommit, newMessage, type SessionState, toQuestion, type Transition } from "./SessionState.js"
import { makeTurnCalls, type TurnOutcome } from "./turnCalls.js"
import { breakTurn, closeToolCalls, endTurn } from "./turnEnd.js"
import { type CallRecord, continueTurn, retryTurn, startTurn } from "./turnSteps.js"

/**
 * A turn that is about to be accepted: how, and what to do once it is.
 */
export interface NewTurn {
  readonly accepted: Transition
  readonly onAccepted: () => void
}

/**
 * Runs one turn at a time, from its start to its end.
 */
export interface TurnRunner {
  readonly running: () => RunningTurn | undefined
  /** Starts a turn that waited, that is yet to be accepted, or whose provider call was lost. */
  readonly start: (open: OpenTurn, fresh?: NewTurn) => Effect.Effect<void, PersistFailure>
  /** Tells the running turn to end, if there is one. The outcome comes once that is stored. */
  readonly requestStop: (request: StopRequest) => Deferred.Deferred<StopOutcome, ChangeError> | undefined
  /** Closes the conversations with providers: the next turn opens them as the session is configured then. */
  readonly reopen: Effect.Effect<void>
  /** Lets go of the running turn: who waits for it is told why, and the provider call is closed. */
  readonly abandon: (reason: ChangeError) => Effect.Effect<void>
}

/**
 * `steered` are the turns that wait to join the running one; `forget` takes them out of what waits.
 */
export const makeTurnRunner = (
  core: ActorCore,
  services: ActorServices,
  steered: () => ReadonlyArray<OpenTurn>,
  forget: (joined: ReadonlyArray<OpenTurn>) => void
): TurnRunner => {
  const { ids, limits } = services
  const { historyWindow, maxTurnTime } = limits
  let running: RunningTurn | undefined

  const start = (open: OpenTurn, fresh?: NewTurn) =>
    open.trace.withSpan(open.turn.status === "calling" ? retry(open) : begin(open, fresh))

  const begin = Effect.fnUntraced(function*(open: OpenTurn, fresh?: NewTurn) {
    const state = fresh?.accepted.next ?? core.state()
    const at = yield* DateTime.now
    const before = yield* closeToolCalls(ids, state, at, 0, open.turn.prompt?.parts)
    const question = toQuestion(state, open.turn, yield* ids.messageId, at, before.length)
    const { turn, ...intent } = startTurn(state, open.turn, before, question, at, historyWindow)
    const current = yield* newRunning(open, at, state)
    const started = () => {
      open.turn = turn
      current.startedWith = core.state().lastEvent
      open.start(question)
    }
    if (!current.middleware.hasTurnStage) {
      // Nothing stands between T1 and T2, so they are one commit.
      yield* core.persist(fresh ? inOneCommit(fresh.accepted, intent) : intent)
      fresh?.onAccepted()
      running = current
      started()
      return calls.begin(current, intent.next, Effect.void)
    }
    if (fresh) {
      yield* core.persist(fresh.accepted)
      fresh.onAccepted()
    }
    running = current
    // The context may have changed by then; the history has not, since nothing else falls into a turn.
    const intend = Effect.suspend((): Effect.Effect<void, StopRequest["error"] | PersistFailure> =>
      current.stopRequest
        ? Effect.fail(current.stopRequest.error)
        : Effect.map(core.persist(startTurn(core.state(), open.turn, before, question, at, historyWindow)), started)
    )
    calls.begin(current, intent.next, Effect.catchAll(core.ask(intend), () => Effect.interrupt))
  })

  const retry = Effect.fnUntraced(function*(open: OpenTurn) {
    const at = yield* DateTime.now
    const { turn, ...intent } = retryTurn(core.state(), open.turn, at)
    const current = yield* newRunning(open, at, core.state())
    yield* core.persist(intent)
    open.turn = turn
    running = current
    current.startedWith = core.state().lastEvent
    calls.begin(current, core.state(), Effect.void)
  })

  const newRunning = (open: OpenTurn, at: DateTime.Utc, { context, session }: SessionState) =>
    Effect.map(Clock.currentTimeNanos, (since): RunningTurn => ({
      open,
      joined: [],
      middleware: services.pipeline.begin({ session, context, turnId: open.turn.id }),
      since,
      deadline: open.turn.deadlineAt ?? DateTime.addDuration(at, maxTurnTime),
      place: 0,
      startedWith: core.state().lastEvent,
      saidBefore: 0
    }))

  const calls = makeTurnCalls(core, services, {
    isRunning: (current) => running === current,
    finish: (current, outcome) => finish(current, outcome),
    abandon: (current, reason) => endAll(current, Exit.fail(reason))
  })

  const finish = Effect.fnUntraced(function*(current: RunningTurn, outcome: TurnOutcome) {
    if (running !== current) return
    const { stopRequest, open } = current
    const { turn } = open
    const state = core.state()
    const at = yield* DateTime.now
    const id = yield* ids.messageId
    const { processingTimeMs } = outcome
    const toMessage = (reply: Reply) =>
      newMessage(state, { ...reply, id, turnId: turn.id, role: "assistant", createdAt: at, processingTimeMs })
    const verdict = decideTurn(outcome.asked.target?.provider ?? state.session.provider, turn, outcome, stopRequest)
    const { abandoned, trace } = recordCall(state, outcome, verdict, stopRequest, state.lastSeq + 1)
    switch (verdict._tag) {
      case "Continue":
        current.place = outcome.asked.target?.place ?? 0
        yield* goOn(current, toMessage(verdict.reply), trace, at)
        break
      case "Complete": {
        const message = toMessage(verdict.reply)
        const end = { ...trace, error: undefined, message }
        yield* core.persist(endTurn(state, all(current), end, [], at, historyWindow))
        settle(current, Exit.succeed(message))
        break
      }
      case "Abort": {
        const { error } = verdict
        const message = verdict.reply && toMessage(verdict.reply)
        const after = yield* closeToolCalls(ids, state, at, Number(message !== undefined))
        const end = { ...trace, error, message }
        yield* core.persist(
          breakTurn(state, all(current), end, stopRequest?.rollBack === true, after, at, historyWindow)
        )
        settle(current, Exit.fail(error))
      }
    }
    if (abandoned) services.forget(abandoned)
  })

  const settle = (current: RunningTurn, exit: Exit.Exit<Message, TurnError>) => {
    running = undefined
    const { stopRequest } = current
    if (stopRequest) {
      const inTime = Exit.isFailure(exit) && Option.contains(Cause.failureOption(exit.cause), stopRequest.error)
      Deferred.unsafeDone(stopRequest.outcome, Exit.succeed(inTime ? "stopped" : "alreadyEnded"))
    }
    endAll(current, exit)
  }

  const goOn = Effect.fnUntraced(function*(current: RunningTurn, said: Message, trace: CallRecord, at: DateTime.Utc) {
    const state = core.state()
    const others = steered()
    const kept = said.parts.length === 0 ? [] : [said]
    const joining = yield* Effect.forEach(
      others,
      ({ turn }, index) =>
        Effect.map(ids.messageId, (id) => ({ turn, question: toQuestion(state, turn, id, at, kept.length + index) }))
    )
    const { joined, turn, ...intent } = continueTurn(state, current.open.turn, kept, trace, joining, at, historyWindow)
    yield* core.persist(intent)
    current.open.turn = turn
    forget(others)
    for (const [index, other] of others.entries()) {
      other.turn = joined[index] ?? other.turn
      const question = joining[index]?.question
      if (question) other.start(question)
      current.joined.push(other)
    }
    calls.begin(current, core.state(), Effect.void)
  })

  const requestStop = (request: StopRequest) => {
    if (!running) return undefined
    running.stopRequest ??= { ...request, outcome: Deferred.unsafeMake(FiberId.none) }
    // Not waited for: the turn reports its end through the mailbox, which has to go on for that.
    running.fiber?.unsafeInterruptAsFork(FiberId.none)
    return running.stopRequest.outcome
  }

  const abandon = (reason: ChangeError) =>
    Effect.suspend(() => {
      const current = running
      running = undefined
      if (current) endAll(current, Exit.fail(reason))
      if (current?.stopRequest) Deferred.unsafeDone(current.stopRequest.outcome, Exit.fail(reason))
      return Effect.zipRight(
        current?.fiber ? Fiber.interrupt(current.fiber) : Effect.void,
        calls.close
      )
    })

  return { running: () => running, start, requestStop, abandon, reopen: calls.close }
}

const all = ({ joined, open }: RunningTurn) => [open.turn, ...joined.map(({ turn }) => turn)] as const

const endAll = ({ checkpoint, joined, open }: RunningTurn, exit: Parameters<OpenTurn["end"]>[0]) => {
  checkpoint?.unsafeInterruptAsFork(checkpoint.id())
  open.end(exit)
  for (const other of joined) other.end(exit)
}
