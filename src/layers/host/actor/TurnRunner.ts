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
import type { Turn } from "../../../domain/Turn.js"
import { contextWindow } from "../../../services/internal/calls/contextWindow.js"
import { makeConversations } from "../../../services/internal/calls/conversations.js"
import type { CallProgress } from "../../../services/internal/calls/foldReply.js"
import { type Target, toTargets } from "../../../services/internal/calls/targets.js"
import type { Reply } from "../../../services/Provider.js"
import type { ActorCore, PersistFailure } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { decideTurn, toCallRecord } from "./decideTurn.js"
import type { OpenTurn, RunningTurn, StopRequest } from "./OpenTurn.js"
import { runTurn, type TurnOutcome } from "./runTurn.js"
import { inOneCommit, newMessage, type SessionState, toQuestion, type Transition } from "./SessionState.js"
import { abortTurn, closeToolCalls, endTurn } from "./turnEnd.js"
import { callAgain, type CallRecord, continueTurn, retryTurn, startTurn } from "./turnSteps.js"

/**
 * Runs one turn at a time, from its start to its end.
 */
export interface TurnRunner {
  readonly running: () => RunningTurn | undefined
  /** Starts a turn: one that waited, one that `newTurn` accepts, or one whose provider call was lost. */
  readonly start: (open: OpenTurn, newTurn?: NewTurn) => Effect.Effect<void, PersistFailure>
  /** Asks the running turn, if there is one, to end. The outcome completes once the end is stored. */
  readonly requestStop: (request: StopRequest) => Deferred.Deferred<StopOutcome, ChangeError> | undefined
  /** Closes the conversations with providers. The next turn opens them with the session's current configuration. */
  readonly closeConversations: Effect.Effect<void>
  /** Abandons the running turn: its observers receive the reason, and the provider call is closed. */
  readonly abandon: (reason: ChangeError) => Effect.Effect<void>
}

/**
 * A turn that is not accepted yet: how to accept it, and what to run once it is.
 */
export interface NewTurn {
  readonly accepted: Transition
  readonly onAccepted: () => void
}

/**
 * `steered` returns the turns that wait to join the running one; `removeWaiting` takes them out of the queue.
 */
export const makeTurnRunner = (
  core: ActorCore,
  services: ActorServices,
  steered: () => ReadonlyArray<OpenTurn>,
  removeWaiting: (joined: ReadonlyArray<OpenTurn>) => void
): TurnRunner => {
  const { feed, ids, limits, providers } = services
  const { checkpointEvery, historyTokens, historyWindow, maxTurnTime } = limits
  const conversations = makeConversations(providers, core.id)
  let running: RunningTurn | undefined

  const start = (open: OpenTurn, newTurn?: NewTurn) =>
    open.trace.withSpan(open.turn.status === "calling" ? retry(open) : begin(open, newTurn))

  const begin = Effect.fnUntraced(function*(open: OpenTurn, newTurn?: NewTurn) {
    const state = newTurn?.accepted.next ?? core.state()
    const at = yield* DateTime.now
    const before = yield* closeToolCalls(ids, state, at, 0, open.turn.prompt?.parts)
    const question = toQuestion(state, open.turn, yield* ids.messageId, at, before.length)
    const { turn, ...intent } = startTurn(state, open.turn, before, question, at, historyWindow)
    const current = yield* newRunning(open, at, state)
    const onStarted = () => {
      open.turn = turn
      current.startEvent = core.state().lastEvent
      open.start(question)
    }
    if (!current.middleware.hasTurnStage) {
      // Nothing runs between T1 and T2, so they are one commit.
      yield* core.persist(newTurn ? inOneCommit(newTurn.accepted, intent) : intent)
      newTurn?.onAccepted()
      running = current
      onStarted()
      return callProviders(current, intent.next, Effect.void)
    }
    if (newTurn) {
      yield* core.persist(newTurn.accepted)
      newTurn.onAccepted()
    }
    running = current
    // The context may have changed meanwhile; the history has not, since nothing else may change it during a turn.
    const intend = Effect.suspend((): Effect.Effect<void, StopRequest["error"] | PersistFailure> =>
      current.stopRequest
        ? Effect.fail(current.stopRequest.error)
        : Effect.map(core.persist(startTurn(core.state(), open.turn, before, question, at, historyWindow)), onStarted)
    )
    callProviders(current, intent.next, Effect.catchAll(core.ask(intend), () => Effect.interrupt))
  })

  const retry = Effect.fnUntraced(function*(open: OpenTurn) {
    const at = yield* DateTime.now
    const { turn, ...intent } = retryTurn(core.state(), open.turn, at)
    const current = yield* newRunning(open, at, core.state())
    yield* core.persist(intent)
    open.turn = turn
    running = current
    current.startEvent = core.state().lastEvent
    callProviders(current, core.state(), Effect.void)
  })

  const newRunning = (open: OpenTurn, at: DateTime.Utc, { context, session }: SessionState) =>
    Effect.map(Clock.currentTimeNanos, (startedNanos): RunningTurn => ({
      open,
      joined: [],
      middleware: services.pipeline.begin({ session, context, turnId: open.turn.id }),
      startedNanos,
      deadline: open.turn.deadlineAt ?? DateTime.addDuration(at, maxTurnTime),
      targetIndex: 0,
      startEvent: core.state().lastEvent,
      earlierLength: 0
    }))

  /** Calls providers in a fiber of its own. The command queue does not wait for it. */
  const callProviders = (
    current: RunningTurn,
    { context, session, window }: SessionState,
    intend: Effect.Effect<void>
  ) => {
    const { historyMessages = historyWindow, historyTokens: tokens = historyTokens } = session.config
    const messages = contextWindow(window, { messages: historyMessages, tokens: Math.min(tokens, historyTokens) })
    current.earlierLength = current.open.text.length
    const { withSpan } = current.open.trace
    const run = runTurn({
      request: { sessionId: session.id, turnId: current.open.turn.id, messages, context },
      context: { session, context, turnId: current.open.turn.id },
      middleware: current.middleware,
      targets: toTargets(session).slice(current.targetIndex),
      conversations,
      services: services.provider,
      cursor: session.cursor,
      mayRepeat: current.open.turn.onUnknown === "retry",
      deadline: current.deadline,
      attempt: () => current.open.turn.attempt,
      intend,
      intendAgain: (target, progress) => intendAgain(current, target, progress),
      emit: (text) => showText(current, text),
      checkpoint: scheduleCheckpoint(current),
      // The outcome goes through the command queue: only commands change the session.
      report: (outcome) =>
        core.offer({
          run: withSpan(finish(current, outcome)),
          abandon: (reason) => endAll(current, Exit.fail(reason))
        })
    })
    current.fiber = services.forkTurn(withSpan(run))
  }

  const intendAgain = (current: RunningTurn, target: Target, progress: CallProgress) => {
    const intend = Effect.gen(function*() {
      if (current.stopRequest) return yield* Effect.fail(current.stopRequest.error)
      const at = yield* DateTime.now
      const { turn, ...intent } = callAgain(core.state(), current.open.turn, target, progress.take(), at)
      yield* core.persist(intent)
      current.open.turn = turn
    })
    return Effect.catchAll(core.ask(intend), () => Effect.interrupt)
  }

  const showText = ({ joined, open }: RunningTurn, text: string) => {
    const offset = open.text.length
    open.addText(text)
    for (const other of joined) other.addText(text)
    feed.publish(core.id, [{ _tag: "TurnDelta", turnId: open.turn.id, offset, text }])
  }

  const scheduleCheckpoint = (current: RunningTurn) =>
    Effect.sync(() => {
      const save = Effect.sync(() =>
        core.offer({ run: current.open.trace.withSpan(saveDraft(current)), abandon: () => {} })
      )
      current.checkpoint ??= services.forkTimer(Effect.delay(save, checkpointEvery))
    })

  const saveDraft = (current: RunningTurn) =>
    Effect.suspend(() => {
      current.checkpoint = undefined
      const { earlierLength, open } = current
      const turn: Turn = { ...open.turn, draft: open.text.slice(earlierLength) }
      if (running !== current || turn.draft === open.turn.draft) return Effect.void
      return Effect.map(core.persist({ changes: { turns: [turn] }, next: core.state() }), () => {
        open.turn = turn
      })
    })

  const finish = Effect.fnUntraced(function*(current: RunningTurn, outcome: TurnOutcome) {
    if (running !== current) return
    const { stopRequest, open } = current
    const { turn } = open
    const state = core.state()
    const at = yield* DateTime.now
    const id = yield* ids.messageId
    const { processingTimeMs, progress: { target } } = outcome
    const toMessage = (reply: Reply) =>
      newMessage(state, { ...reply, id, turnId: turn.id, role: "assistant", createdAt: at, processingTimeMs })
    const decision = decideTurn(target?.provider ?? state.session.provider, turn, outcome, stopRequest)
    const { abandoned, record } = toCallRecord(state, outcome, decision, stopRequest, state.lastSeq + 1)
    switch (decision._tag) {
      case "Continue":
        current.targetIndex = target?.index ?? 0
        yield* continueReply(current, toMessage(decision.reply), record, at)
        break
      case "Complete": {
        const message = toMessage(decision.reply)
        const end = { ...record, error: undefined, message }
        yield* core.persist(endTurn(state, allTurns(current), end, [], at, historyWindow))
        settle(current, Exit.succeed(message))
        break
      }
      case "Abort": {
        const { error } = decision
        const message = decision.reply && toMessage(decision.reply)
        const after = yield* closeToolCalls(ids, state, at, Number(message !== undefined))
        const end = { ...record, error, message }
        yield* core.persist(
          abortTurn(state, allTurns(current), end, stopRequest?.rollBack === true, after, at, historyWindow)
        )
        settle(current, Exit.fail(error))
      }
    }
    if (abandoned) services.forget(abandoned)
  })

  const continueReply = Effect.fnUntraced(function*(
    current: RunningTurn,
    partial: Message,
    record: CallRecord,
    at: DateTime.Utc
  ) {
    const state = core.state()
    const others = steered()
    const replies = partial.parts.length === 0 ? [] : [partial]
    const joining = yield* Effect.forEach(
      others,
      ({ turn }, index) =>
        Effect.map(ids.messageId, (id) => ({ turn, question: toQuestion(state, turn, id, at, replies.length + index) }))
    )
    const { joined, turn, ...intent } = continueTurn(
      state,
      current.open.turn,
      replies,
      record,
      joining,
      at,
      historyWindow
    )
    yield* core.persist(intent)
    current.open.turn = turn
    removeWaiting(others)
    for (const [index, other] of others.entries()) {
      other.turn = joined[index] ?? other.turn
      const question = joining[index]?.question
      if (question) other.start(question)
      current.joined.push(other)
    }
    callProviders(current, core.state(), Effect.void)
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

  const requestStop = (request: StopRequest) => {
    if (!running) return undefined
    running.stopRequest ??= { ...request, outcome: Deferred.unsafeMake(FiberId.none) }
    // Not awaited: the turn reports its end through the command queue, which this command must not block.
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
        conversations.close
      )
    })

  return { running: () => running, start, requestStop, abandon, closeConversations: conversations.close }
}

const allTurns = ({ joined, open }: RunningTurn) => [open.turn, ...joined.map(({ turn }) => turn)] as const

const endAll = ({ checkpoint, joined, open }: RunningTurn, exit: Parameters<OpenTurn["end"]>[0]) => {
  checkpoint?.unsafeInterruptAsFork(checkpoint.id())
  open.end(exit)
  for (const other of joined) other.end(exit)
}
