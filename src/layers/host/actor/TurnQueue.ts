import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type ChangeError, SessionBusy } from "../../../domain/error/SessionError.js"
import { DeadlineExceeded, type TurnError, TurnInterrupted, TurnStopped } from "../../../domain/error/TurnError.js"
import type { SessionId, TurnId } from "../../../domain/Ids.js"
import type { EditOutcome, SendOutcome, StopOutcome, StopTurn } from "../../../domain/Send.js"
import type { BusyPolicy, Prompt, Turn, TurnNotice } from "../../../domain/Turn.js"
import type { ActorCore, Command, PersistFailure } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { OpenTurn, type RunningTurn, type TurnObserver } from "./OpenTurn.js"
import { newMessage, withEvents } from "./SessionState.js"
import { closeToolCalls, dropTurn, endTurn } from "./turnEnd.js"
import { makeTurnRunner } from "./TurnRunner.js"
import { acceptTurn, type AdmittedSend, lostCall } from "./turnSteps.js"

/**
 * A session's turns: one runs, the others wait in the order they were accepted.
 */
export interface TurnQueue {
  /** Number of turns and commands that run or wait. */
  readonly size: () => number
  readonly running: () => RunningTurn | undefined
  /** Turns that run or wait. */
  readonly open: () => ReadonlyArray<Turn>
  /** Turns that wait, in order. */
  readonly pending: () => ReadonlyArray<Turn>
  /**
   * Stores a turn (T1), and starts it if no other is open. Fails with `SessionBusy` when its policy is `reject` and one
   * is.
   */
  readonly accept: (
    send: AdmittedSend,
    observer: TurnObserver
  ) => Effect.Effect<void, PersistFailure | SessionBusy>
  /** The open turn of the send with this key. */
  readonly withKey: (key: string) => OpenTurn | undefined
  /** Stops a turn that runs or waits. The effect it returns completes once the end is stored. */
  readonly stop: (stop: StopTurn) => Effect.Effect<Effect.Effect<StopOutcome, ChangeError>, PersistFailure>
  /** Replaces the prompt of a waiting turn. */
  readonly edit: (
    turnId: TurnId,
    prompt: Prompt,
    notices: ReadonlyArray<TurnNotice>
  ) => Effect.Effect<EditOutcome, PersistFailure>
  /** Ends the running turn if it started before this moment of the clock, in nanoseconds. */
  readonly endOverdue: (before: bigint) => Effect.Effect<void>
  /** Runs a command once the turns accepted before it have ended. */
  readonly enqueue: (change: Command) => void
  /** Starts the next turns and commands that may start. */
  readonly advance: Effect.Effect<void, PersistFailure>
  /** Closes the conversations with providers. The next turn opens them again. */
  readonly closeConversations: Effect.Effect<void>
  /** Recovers the turns that an earlier owner left open. */
  readonly recover: (openTurns: ReadonlyArray<Turn>) => Effect.Effect<void, PersistFailure>
  /** Abandons all turns: their observers receive the reason, and the provider call is closed. */
  readonly abandon: (reason: ChangeError) => Effect.Effect<void>
}

export const makeTurnQueue = (core: ActorCore, services: ActorServices): TurnQueue => {
  const { host, instrumentation, limits } = services
  let waiting: ReadonlyArray<Waiting> = []

  const waitingTurns = () => waiting.flatMap((next) => (next._tag === "Turn" ? [next.open] : []))
  const remove = (turns: ReadonlyArray<OpenTurn>) => {
    waiting = waiting.filter((next) => next._tag !== "Turn" || !turns.includes(next.open))
  }
  const runner = makeTurnRunner(
    core,
    services,
    () => waitingTurns().filter(({ turn }) => turn.whenBusy === "steer"),
    remove
  )

  const isFree = () => runner.running() === undefined && waiting.length === 0 && !host.isClosing

  const newOpenTurn = (turn: Turn) =>
    Effect.map(instrumentation.turn(turn, core.state().session), (trace) =>
      new OpenTurn(turn, trace, () => {
        host.openTurns--
      }))

  const accept = Effect.fnUntraced(function*(send: AdmittedSend, observer: TurnObserver) {
    const { session } = core.state()
    const policy = send.message.whenBusy ?? session.config.whenBusy ?? "queue"
    if (policy === "reject" && !isFree()) return yield* sessionBusy(session.id)
    const at = yield* DateTime.now
    const { turn, ...accepted } = acceptTurn(core.state(), send, at, limits.maxTurnTime)
    const open = yield* newOpenTurn(turn)
    const startsNow = isFree()
    const onAccepted = () => {
      host.openTurns++
      setTimer(open, at)
      open.join(observer, startsNow ? "started" : toSendOutcome(policy, runner.running() !== undefined))
    }
    const storing = startsNow
      ? runner.start(open, { accepted, onAccepted })
      : open.trace.withSpan(core.persist(accepted))
    yield* Effect.onError(
      storing,
      (cause) => Effect.sync(() => open.trace.end(Exit.failCause(Cause.map(cause, ({ error }) => error))))
    )
    if (startsNow) return
    waiting = [...waiting, { _tag: "Turn", open }]
    onAccepted()
    const current = runner.running()
    if (current && (policy === "interrupt" || policy === "rollback")) {
      runner.requestStop({ error: stopped(current.open.turn), keepPartial: true, rollBack: policy === "rollback" })
    }
  })

  const setTimer = (open: OpenTurn, now: DateTime.Utc) => {
    const { deadlineAt } = open.turn
    if (deadlineAt === undefined) return
    const onDeadline = Effect.sync(() => core.offer({ run: endAtDeadline(open), abandon: () => {} }))
    open.timer = services.forkTimer(Effect.delay(onDeadline, Math.max(0, DateTime.distance(now, deadlineAt))))
  }

  const endAtDeadline = (open: OpenTurn) =>
    Effect.suspend(() => {
      const error = deadlineExceeded(open.turn)
      if (runner.running()?.open === open) runner.requestStop({ error, keepPartial: true, rollBack: false })
      return waitingTurns().includes(open) ? drop(open, error) : Effect.void
    })

  const drop = Effect.fnUntraced(function*(open: OpenTurn, error: TurnError) {
    yield* core.persist(dropTurn(core.state(), open.turn, error, yield* DateTime.now))
    remove([open])
    open.end(Exit.fail(error))
  })

  const stop = Effect.fnUntraced(function*({ keepPartial = true, turnId }: StopTurn) {
    const current = runner.running()
    if (current && (turnId === undefined || [current.open, ...current.joined].some(({ turn }) => turn.id === turnId))) {
      const outcome = runner.requestStop({ error: stopped(current.open.turn), keepPartial, rollBack: false })
      return outcome ? Deferred.await(outcome) : alreadyEnded
    }
    const open = waitingTurns().find(({ turn }) => turn.id === turnId)
    if (open === undefined) return alreadyEnded
    yield* drop(open, stopped(open.turn))
    return Effect.succeed<StopOutcome>("stopped")
  })

  const edit = Effect.fnUntraced(function*(turnId: TurnId, prompt: Prompt, notices: ReadonlyArray<TurnNotice>) {
    const open = waitingTurns().find(({ turn }) => turn.id === turnId)
    if (open === undefined) return "tooLate" satisfies EditOutcome
    const turn: Turn = { ...open.turn, prompt }
    const at = yield* DateTime.now
    yield* core.persist(
      withEvents({ changes: { turns: [turn] }, next: core.state() }, at, [
        { _tag: "TurnEdited", turnId },
        ...notices.map((notice) => ({ _tag: "TurnNoticed" as const, turnId, notice }))
      ])
    )
    open.turn = turn
    return "edited" satisfies EditOutcome
  })

  // The next one stays in the queue until it has started, so that a failure is reported to its observers.
  const advance: Effect.Effect<void, PersistFailure> = Effect.suspend(() => {
    const next = waiting[0]
    if (next === undefined || runner.running() || host.isClosing) return Effect.void
    return Effect.flatMap(next._tag === "HistoryChange" ? next.run : runner.start(next.open), () => {
      waiting = waiting.filter((other) => other !== next)
      return advance
    })
  })

  const recover = Effect.fnUntraced(function*(open: ReadonlyArray<Turn>) {
    const now = yield* DateTime.now
    for (const turn of open) {
      const isOverdue = turn.deadlineAt !== undefined && DateTime.lessThanOrEqualTo(turn.deadlineAt, now)
      if (turn.status === "calling" && (turn.onUnknown !== "retry" || turn.joined !== undefined || isOverdue)) {
        yield* interruptTurn(core, services, turn)
        host.recovered.interrupted++
        continue
      }
      if (isOverdue) {
        yield* core.persist(dropTurn(core.state(), turn, deadlineExceeded(turn), now))
        host.recovered.overdue++
        continue
      }
      const open = yield* newOpenTurn(turn)
      host.openTurns++
      host.recovered.resumed++
      setTimer(open, now)
      waiting = [...waiting, { _tag: "Turn", open }]
    }
  })

  const open = () => {
    const current = runner.running()
    return [...(current ? [current.open, ...current.joined] : []), ...waitingTurns()]
  }

  return {
    open: () => open().map(({ turn }) => turn),
    size: () => waiting.length + Number(runner.running() !== undefined),
    running: runner.running,
    pending: () => waitingTurns().map(({ turn }) => turn),
    accept,
    withKey: (key) => open().find(({ turn }) => turn.key === key),
    stop,
    edit,
    endOverdue: (before) =>
      Effect.sync(() => {
        const current = runner.running()
        if (current === undefined || current.startedNanos >= before) return
        runner.requestStop({ error: deadlineExceeded(current.open.turn), keepPartial: true, rollBack: false })
      }),
    enqueue: (change) => {
      waiting = [...waiting, { _tag: "HistoryChange", ...change }]
    },
    advance,
    closeConversations: runner.closeConversations,
    recover,
    abandon: (reason) =>
      Effect.suspend(() => {
        const abandoned = waiting
        waiting = []
        for (const next of abandoned) {
          if (next._tag === "Turn") next.open.end(Exit.fail(reason))
          else next.abandon(reason)
        }
        return runner.abandon(reason)
      })
  }
}

/**
 * What waits for the running turn to end: another turn, or a command that must run between turns.
 */
type Waiting =
  | { readonly _tag: "Turn"; readonly open: OpenTurn }
  | { readonly _tag: "HistoryChange" } & Command

/**
 * Ends a turn that an earlier owner left, with the draft of its reply. The turn is not run again, since the provider
 * may have been called.
 */
const interruptTurn = Effect.fnUntraced(function*(
  { persist, state: current }: ActorCore,
  { ids, limits }: ActorServices,
  lost: Turn
) {
  const state = current()
  const at = yield* DateTime.now
  const error = new TurnInterrupted({ sessionId: lost.sessionId, turnId: lost.id })
  // A turn that joined another made no calls of its own.
  const record = lost.joined === undefined ? lostCall(state, lost, at) : {}
  const message = lost.draft === undefined ? undefined : newMessage(state, {
    id: yield* ids.messageId,
    turnId: lost.id,
    role: "assistant",
    parts: [{ _tag: "Text", text: lost.draft.toWellFormed() }],
    finishReason: "cut",
    metadata: {},
    createdAt: at
  })
  const after = yield* closeToolCalls(ids, state, at, Number(message !== undefined))
  yield* persist(endTurn(state, [lost], { ...record, error, message }, after, at, limits.historyWindow))
})

const alreadyEnded = Effect.succeed<StopOutcome>("alreadyEnded")

const stopped = ({ id, sessionId }: Turn) => new TurnStopped({ sessionId, turnId: id })

const deadlineExceeded = ({ id, sessionId }: Turn) => new DeadlineExceeded({ sessionId, turnId: id })

const toSendOutcome = (policy: BusyPolicy, isRunning: boolean): SendOutcome => {
  if (!isRunning) return "queued"
  switch (policy) {
    case "interrupt":
      return "interrupted"
    case "rollback":
      return "rolledBack"
    case "steer":
      return "steered"
    default:
      return "queued"
  }
}

const retryAfterMs = 1000

export const sessionBusy = (sessionId: SessionId): SessionBusy => new SessionBusy({ sessionId, retryAfterMs })
