import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type ChangeError, type IdempotencyConflict, SessionBusy } from "../../../domain/error/SessionError.js"
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
 * What waits for the running turn to end: the next turn, or a change of the history that must not fall into a turn.
 */
export type Waiting =
  | { readonly _tag: "Turn"; readonly open: OpenTurn }
  | { readonly _tag: "HistoryChange" } & Command

/**
 * A session's turns: one runs, the others wait in the order they were accepted.
 */
export interface TurnQueue {
  /** How many run or wait. */
  readonly size: () => number
  readonly running: () => RunningTurn | undefined
  /** Those that run or wait. */
  readonly open: () => ReadonlyArray<Turn>
  /** Those that wait, in order. */
  readonly pending: () => ReadonlyArray<Turn>
  /** Stores a turn (T1), and starts it at once if it can. */
  readonly accept: (
    send: AdmittedSend,
    observer: TurnObserver
  ) => Effect.Effect<void, IdempotencyConflict | PersistFailure | SessionBusy>
  /** The turn that a send with this key made, if it is not ended. */
  readonly withKey: (key: string) => OpenTurn | undefined
  /** Ends a turn that runs or waits. The answer comes, through the effect it gives, once that is stored. */
  readonly stop: (stop: StopTurn) => Effect.Effect<Effect.Effect<StopOutcome, ChangeError>, PersistFailure>
  /** Gives a turn that waits something else to ask. */
  readonly edit: (
    turnId: TurnId,
    prompt: Prompt,
    notices: ReadonlyArray<TurnNotice>
  ) => Effect.Effect<EditOutcome, PersistFailure>
  /** Ends the running turn if it began before this moment of the clock, in nanoseconds. */
  readonly expire: (before: bigint) => Effect.Effect<void>
  /** Runs a change of the history once the turns that were accepted before it have ended. */
  readonly enqueue: (change: Command) => void
  /** Starts what may start now. */
  readonly advance: Effect.Effect<void, PersistFailure>
  /** Closes the conversations with providers, for the next turn to open them anew. */
  readonly reopen: Effect.Effect<void>
  /** Takes up what an earlier owner left behind. */
  readonly recover: (openTurns: ReadonlyArray<Turn>) => Effect.Effect<void, PersistFailure>
  /** Lets go of all turns: who waits for one is told why, and the provider call is closed. */
  readonly abandon: (reason: ChangeError) => Effect.Effect<void>
}

/**
 * Ends a turn that an earlier owner left, with the draft it left of the reply. At most once: the provider may have been
 * called, so the turn is not run again.
 */
export const interruptTurn = Effect.fnUntraced(function*(
  { persist, state: current }: ActorCore,
  { ids, limits }: ActorServices,
  lost: Turn
) {
  const state = current()
  const at = yield* DateTime.now
  const error = new TurnInterrupted({ sessionId: lost.sessionId, turnId: lost.id })
  // One that joined another turn was answered by that one's calls.
  const trace = lost.joined === undefined ? lostCall(state, lost, at) : {}
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
  yield* persist(endTurn(state, [lost], { ...trace, error, message }, after, at, limits.historyWindow))
})

const retryAfterMs = 1000

export const sessionBusy = (sessionId: SessionId): SessionBusy => new SessionBusy({ sessionId, retryAfterMs })

export const makeTurnQueue = (core: ActorCore, services: ActorServices): TurnQueue => {
  const { instrumentation, limits, openTurns } = services
  let waiting: ReadonlyArray<Waiting> = []

  const waitingTurns = () => waiting.flatMap((next) => (next._tag === "Turn" ? [next.open] : []))
  const remove = (lives: ReadonlyArray<OpenTurn>) => {
    waiting = waiting.filter((next) => next._tag !== "Turn" || !lives.includes(next.open))
  }
  const runner = makeTurnRunner(
    core,
    services,
    () => waitingTurns().filter(({ turn }) => turn.whenBusy === "steer"),
    remove
  )

  const isFree = () => runner.running() === undefined && waiting.length === 0 && !services.isClosing()

  const newOpenTurn = (turn: Turn) =>
    Effect.map(instrumentation.turn(turn, core.state().session), (trace) =>
      new OpenTurn(turn, trace, () => {
        openTurns.count--
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
      openTurns.count++
      setTimer(open, at)
      open.join(observer, startsNow ? "started" : outcomeOf(policy, runner.running() !== undefined))
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
    const expired = Effect.sync(() => core.tell({ run: expireTurn(open), abandon: () => {} }))
    open.timer = services.forkTimer(Effect.delay(expired, Math.max(0, DateTime.distance(now, deadlineAt))))
  }

  const expireTurn = (open: OpenTurn) =>
    Effect.suspend(() => {
      const error = late(open.turn)
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

  // What comes next stays in the queue until it is under way, so that a failure finds it there and tells who waits.
  const advance: Effect.Effect<void, PersistFailure> = Effect.suspend(() => {
    const next = waiting[0]
    if (next === undefined || runner.running() || services.isClosing()) return Effect.void
    return Effect.flatMap(next._tag === "HistoryChange" ? next.run : runner.start(next.open), () => {
      waiting = waiting.filter((other) => other !== next)
      return advance
    })
  })

  const recover = Effect.fnUntraced(function*(open: ReadonlyArray<Turn>) {
    const now = yield* DateTime.now
    for (const turn of open) {
      const isLate = turn.deadlineAt !== undefined && DateTime.lessThanOrEqualTo(turn.deadlineAt, now)
      if (turn.status === "calling" && (turn.onUnknown !== "retry" || turn.joined !== undefined || isLate)) {
        yield* interruptTurn(core, services, turn)
        continue
      }
      if (isLate) {
        yield* core.persist(dropTurn(core.state(), turn, late(turn), now))
        continue
      }
      const open = yield* newOpenTurn(turn)
      openTurns.count++
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
    expire: (before) =>
      Effect.sync(() => {
        const current = runner.running()
        if (current === undefined || current.since >= before) return
        runner.requestStop({ error: late(current.open.turn), keepPartial: true, rollBack: false })
      }),
    enqueue: (change) => {
      waiting = [...waiting, { _tag: "HistoryChange", ...change }]
    },
    advance,
    reopen: runner.reopen,
    recover,
    abandon: (reason) =>
      Effect.suspend(() => {
        const left = waiting
        waiting = []
        for (const next of left) {
          if (next._tag === "Turn") next.open.end(Exit.fail(reason))
          else next.abandon(reason)
        }
        return runner.abandon(reason)
      })
  }
}

const alreadyEnded = Effect.succeed<StopOutcome>("alreadyEnded")

const stopped = ({ id, sessionId }: Turn) => new TurnStopped({ sessionId, turnId: id })

const late = ({ id, sessionId }: Turn) => new DeadlineExceeded({ sessionId, turnId: id })

const outcomeOf = (policy: BusyPolicy, runs: boolean): SendOutcome => {
  if (!runs) return "queued"
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
