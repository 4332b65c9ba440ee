import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"
import type { Turn } from "../../../domain/Turn.js"
import type { Reply } from "../../Reply.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { closeToolCalls } from "./closeToolCalls.js"
import { continueTurn } from "./continueTurn.js"
import { dropTurn } from "./dropTurn.js"
import { endTurn } from "./endTurn.js"
import { inOneCommit } from "./inOneCommit.js"
import { judge } from "./judge.js"
import { newMessage } from "./newMessage.js"
import { type Conversation, openConversation } from "./openConversation.js"
import type { OpenTurn } from "./OpenTurn.js"
import type { PersistFailure } from "./PersistFailure.js"
import { questionOf } from "./questionOf.js"
import { retryTurn } from "./retryTurn.js"
import { rollBackTurn } from "./rollBackTurn.js"
import type { Halt, RunningTurn } from "./RunningTurn.js"
import { runTurn, type TurnOutcome } from "./runTurn.js"
import type { SessionState } from "./SessionState.js"
import { startTurn } from "./startTurn.js"
import type { Fresh, TurnRunner } from "./TurnRunner.js"

/**
 * `steered` are the turns that wait to join the running one; `forget` takes them out of what waits.
 */
export const makeTurnRunner = (
  core: ActorCore,
  services: ActorServices,
  steered: () => ReadonlyArray<OpenTurn>,
  forget: (joined: ReadonlyArray<OpenTurn>) => void
): TurnRunner => {
  const { feed, ids, limits, pipeline, providers } = services
  const { checkpointEvery, historyWindow } = limits
  let running: RunningTurn | undefined
  let conversation: Conversation | undefined

  const start = (live: OpenTurn, fresh?: Fresh) => live.turn.status === "calling" ? retry(live) : begin(live, fresh)

  const begin = Effect.fnUntraced(function*(live: OpenTurn, fresh?: Fresh) {
    const state = fresh?.accepted.next ?? core.state()
    const at = yield* DateTime.now
    const before = yield* closeToolCalls(ids, state, at, 0, live.turn.prompt?.parts)
    const question = questionOf(state, live.turn, yield* ids.messageId, at, before.length)
    const { turn, ...intent } = startTurn(state, live.turn, before, question, at, historyWindow)
    const current = yield* newRunning(live)
    const started = () => {
      live.turn = turn
      current.startedWith = core.state().lastEvent
      live.start(question)
    }
    if (!pipeline.hasTurnStage(state)) {
      // Nothing stands between T1 and T2, so they are one commit.
      yield* core.persist(fresh ? inOneCommit(fresh.accepted, intent) : intent)
      fresh?.onAccepted()
      running = current
      started()
      return call(current, intent.next, Effect.void)
    }
    if (fresh) {
      yield* core.persist(fresh.accepted)
      fresh.onAccepted()
    }
    running = current
    // The context may have changed by then; the history has not, since nothing else falls into a turn.
    const intend = Effect.suspend((): Effect.Effect<void, Halt["error"] | PersistFailure> =>
      current.halt
        ? Effect.fail(current.halt.error)
        : Effect.map(core.persist(startTurn(core.state(), live.turn, before, question, at, historyWindow)), started)
    )
    call(current, intent.next, Effect.catchAll(core.ask(intend), () => Effect.interrupt))
  })

  const retry = Effect.fnUntraced(function*(live: OpenTurn) {
    const { turn, ...intent } = retryTurn(core.state(), live.turn, yield* DateTime.now)
    const current = yield* newRunning(live)
    yield* core.persist(intent)
    live.turn = turn
    running = current
    current.startedWith = core.state().lastEvent
    call(current, core.state(), Effect.void)
  })

  const newRunning = (live: OpenTurn) =>
    Effect.map(
      Clock.currentTimeNanos,
      (since): RunningTurn => ({ live, joined: [], since, startedWith: core.state().lastEvent, saidBefore: 0 })
    )

  const call = (current: RunningTurn, { context, session, window }: SessionState, intend: Effect.Effect<void>) => {
    conversation ??= openConversation(providers, session)
    current.saidBefore = current.live.text.length
    current.fiber = services.forkTurn(runTurn({
      request: { sessionId: session.id, turnId: current.live.turn.id, messages: window, context },
      middleware: { session, context },
      pipeline,
      conversation: conversation.get,
      intend,
      emit: (text) => say(current, text),
      checkpoint: checkpoint(current),
      // The outcome comes back through the mailbox: only the actor itself changes the session.
      report: (outcome) =>
        core.tell({ run: finish(current, outcome), abandon: (reason) => endAll(current, Exit.fail(reason)) })
    }))
  }

  const say = ({ joined, live }: RunningTurn, text: string) => {
    const offset = live.text.length
    live.say(text)
    for (const other of joined) other.say(text)
    feed.publish(core.id, [{ _tag: "TurnDelta", turnId: live.turn.id, offset, text }])
  }

  const checkpoint = (current: RunningTurn) =>
    Effect.sync(() => {
      const save = Effect.sync(() => core.tell({ run: saveDraft(current), abandon: () => {} }))
      current.checkpoint ??= services.forkTimer(Effect.delay(save, checkpointEvery))
    })

  const saveDraft = (current: RunningTurn) =>
    Effect.suspend(() => {
      current.checkpoint = undefined
      const { live, saidBefore } = current
      const turn: Turn = { ...live.turn, draft: live.text.slice(saidBefore) }
      if (running !== current || turn.draft === live.turn.draft) return Effect.void
      return Effect.map(core.persist({ changes: { turns: [turn] }, next: core.state() }), () => {
        live.turn = turn
      })
    })

  const finish = Effect.fnUntraced(function*(current: RunningTurn, outcome: TurnOutcome) {
    if (running !== current) return
    const { halt, live } = current
    const { turn } = live
    const state = core.state()
    const at = yield* DateTime.now
    const id = yield* ids.messageId
    const { processingTimeMs } = outcome
    const toMessage = (reply: Reply) =>
      newMessage(state, { ...reply, id, turnId: turn.id, role: "assistant", createdAt: at, processingTimeMs })
    const verdict = judge(state.session.provider, turn, outcome, halt)
    switch (verdict._tag) {
      case "GoesOn":
        return yield* goOn(current, toMessage(verdict.reply), at)
      case "Completes": {
        const message = toMessage(verdict.reply)
        yield* core.persist(endTurn(state, all(current), { error: undefined, message }, [], at, historyWindow))
        return settle(current, Exit.succeed(message))
      }
      case "Breaks": {
        const { error } = verdict
        const message = verdict.reply && toMessage(verdict.reply)
        yield* core.persist(
          turn.status === "accepted"
            ? dropTurn(state, turn, error, at)
            : error._tag === "TurnStopped" && halt?.rollBack
            ? rollBackTurn(state, all(current), error, at)
            : endTurn(
              state,
              all(current),
              { error, message },
              yield* closeToolCalls(ids, state, at, Number(message !== undefined)),
              at,
              historyWindow
            )
        )
        return settle(current, Exit.fail(error))
      }
    }
  })

  const settle = (current: RunningTurn, exit: Exit.Exit<Message, TurnError>) => {
    running = undefined
    const { halt } = current
    if (halt) {
      const inTime = Exit.isFailure(exit) && Option.contains(Cause.failureOption(exit.cause), halt.error)
      Deferred.unsafeDone(halt.outcome, Exit.succeed(inTime ? "stopped" : "alreadyEnded"))
    }
    endAll(current, exit)
  }

  const goOn = Effect.fnUntraced(function*(current: RunningTurn, said: Message, at: DateTime.Utc) {
    const state = core.state()
    const others = steered()
    const kept = said.parts.length === 0 ? [] : [said]
    const joining = yield* Effect.forEach(
      others,
      ({ turn }, index) =>
        Effect.map(ids.messageId, (id) => ({ turn, question: questionOf(state, turn, id, at, kept.length + index) }))
    )
    const { joined, turn, ...intent } = continueTurn(state, current.live.turn, kept, joining, at, historyWindow)
    yield* core.persist(intent)
    current.live.turn = turn
    forget(others)
    for (const [index, other] of others.entries()) {
      other.turn = joined[index] ?? other.turn
      const question = joining[index]?.question
      if (question) other.start(question)
      current.joined.push(other)
    }
    call(current, core.state(), Effect.void)
  })

  const halt = (how: Halt) => {
    if (!running) return undefined
    running.halt ??= { ...how, outcome: Deferred.unsafeMake(FiberId.none) }
    // Not waited for: the turn reports its end through the mailbox, which has to go on for that.
    running.fiber?.unsafeInterruptAsFork(FiberId.none)
    return running.halt.outcome
  }

  const abandon = (reason: ChangeError) =>
    Effect.suspend(() => {
      const current = running
      running = undefined
      if (current) endAll(current, Exit.fail(reason))
      if (current?.halt) Deferred.unsafeDone(current.halt.outcome, Exit.fail(reason))
      return Effect.zipRight(
        current?.fiber ? Fiber.interrupt(current.fiber) : Effect.void,
        conversation ? conversation.close : Effect.void
      )
    })

  return { running: () => running, start, halt, abandon }
}

const all = ({ joined, live }: RunningTurn) => [live.turn, ...joined.map(({ turn }) => turn)] as const

const endAll = ({ checkpoint, joined, live }: RunningTurn, exit: Parameters<OpenTurn["end"]>[0]) => {
  checkpoint?.unsafeInterruptAsFork(checkpoint.id())
  live.end(exit)
  for (const other of joined) other.end(exit)
}
