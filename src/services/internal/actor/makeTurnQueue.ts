import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { BusyPolicy } from "../../../domain/BusyPolicy.js"
import type { EditOutcome } from "../../../domain/EditTurn.js"
import { DeadlineExceeded } from "../../../domain/error/DeadlineExceeded.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import { TurnStopped } from "../../../domain/error/TurnStopped.js"
import type { StopOutcome, StopTurn } from "../../../domain/StopTurn.js"
import type { Prompt, Turn } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import type { SendOutcome } from "../../../domain/TurnReceipt.js"
import { acceptTurn, type AdmittedSend } from "./acceptTurn.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { dropTurn } from "./dropTurn.js"
import { interruptTurn } from "./interruptTurn.js"
import { makeTurnRunner } from "./makeTurnRunner.js"
import { OpenTurn } from "./OpenTurn.js"
import type { PersistFailure } from "./PersistFailure.js"
import { sessionBusy } from "./sessionBusy.js"
import type { TurnObserver } from "./TurnObserver.js"
import type { TurnQueue, Waiting } from "./TurnQueue.js"
import { withEvents } from "./withEvents.js"

export const makeTurnQueue = (core: ActorCore, services: ActorServices): TurnQueue => {
  const { limits, openTurns } = services
  let waiting: ReadonlyArray<Waiting> = []

  const waitingTurns = () => waiting.flatMap((next) => (next._tag === "Turn" ? [next.live] : []))
  const remove = (lives: ReadonlyArray<OpenTurn>) => {
    waiting = waiting.filter((next) => next._tag !== "Turn" || !lives.includes(next.live))
  }
  const runner = makeTurnRunner(
    core,
    services,
    () => waitingTurns().filter(({ turn }) => turn.whenBusy === "steer"),
    remove
  )

  const isFree = () => runner.running() === undefined && waiting.length === 0 && !services.isClosing()

  const newLive = (turn: Turn) =>
    new OpenTurn(turn, () => {
      openTurns.count--
    })

  const accept = Effect.fnUntraced(function*(send: AdmittedSend, observer: TurnObserver) {
    const { session } = core.state()
    const policy = send.message.whenBusy ?? session.config.whenBusy ?? "queue"
    if (policy === "reject" && !isFree()) return yield* sessionBusy(session.id)
    const at = yield* DateTime.now
    const { turn, ...accepted } = acceptTurn(core.state(), send, at, limits.maxTurnTime)
    const live = newLive(turn)
    const startsNow = isFree()
    const onAccepted = () => {
      openTurns.count++
      setTimer(live, at)
      live.join(observer, startsNow ? "started" : outcomeOf(policy, runner.running() !== undefined))
    }
    if (startsNow) return yield* runner.start(live, { accepted, onAccepted })
    yield* core.persist(accepted)
    waiting = [...waiting, { _tag: "Turn", live }]
    onAccepted()
    const current = runner.running()
    if (current && (policy === "interrupt" || policy === "rollback")) {
      runner.halt({ error: stopped(current.live.turn), keepPartial: true, rollBack: policy === "rollback" })
    }
  })

  const setTimer = (live: OpenTurn, now: DateTime.Utc) => {
    const { deadlineAt } = live.turn
    if (deadlineAt === undefined) return
    const expired = Effect.sync(() => core.tell({ run: expireTurn(live), abandon: () => {} }))
    live.timer = services.forkTimer(Effect.delay(expired, Math.max(0, DateTime.distance(now, deadlineAt))))
  }

  const expireTurn = (live: OpenTurn) =>
    Effect.suspend(() => {
      const error = late(live.turn)
      if (runner.running()?.live === live) runner.halt({ error, keepPartial: true, rollBack: false })
      return waitingTurns().includes(live) ? drop(live, error) : Effect.void
    })

  const drop = Effect.fnUntraced(function*(live: OpenTurn, error: TurnError) {
    yield* core.persist(dropTurn(core.state(), live.turn, error, yield* DateTime.now))
    remove([live])
    live.end(Exit.fail(error))
  })

  const stop = Effect.fnUntraced(function*({ keepPartial = true, turnId }: StopTurn) {
    const current = runner.running()
    if (current && (turnId === undefined || [current.live, ...current.joined].some(({ turn }) => turn.id === turnId))) {
      const outcome = runner.halt({ error: stopped(current.live.turn), keepPartial, rollBack: false })
      return outcome ? Deferred.await(outcome) : alreadyEnded
    }
    const live = waitingTurns().find(({ turn }) => turn.id === turnId)
    if (live === undefined) return alreadyEnded
    yield* drop(live, stopped(live.turn))
    return Effect.succeed<StopOutcome>("stopped")
  })

  const edit = Effect.fnUntraced(function*(turnId: TurnId, prompt: Prompt, notices: ReadonlyArray<TurnNotice>) {
    const live = waitingTurns().find(({ turn }) => turn.id === turnId)
    if (live === undefined) return "tooLate" satisfies EditOutcome
    const turn: Turn = { ...live.turn, prompt }
    const at = yield* DateTime.now
    yield* core.persist(
      withEvents({ changes: { turns: [turn] }, next: core.state() }, at, [
        { _tag: "TurnEdited", turnId },
        ...notices.map((notice) => ({ _tag: "TurnNoticed" as const, turnId, notice }))
      ])
    )
    live.turn = turn
    return "edited" satisfies EditOutcome
  })

  // What comes next stays in the queue until it is under way, so that a failure finds it there and tells who waits.
  const advance: Effect.Effect<void, PersistFailure> = Effect.suspend(() => {
    const next = waiting[0]
    if (next === undefined || runner.running() || services.isClosing()) return Effect.void
    return Effect.flatMap(next._tag === "Between" ? next.run : runner.start(next.live), () => {
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
      const live = newLive(turn)
      openTurns.count++
      setTimer(live, now)
      waiting = [...waiting, { _tag: "Turn", live }]
    }
  })

  const open = () => {
    const current = runner.running()
    return [...(current ? [current.live, ...current.joined] : []), ...waitingTurns()]
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
        runner.halt({ error: late(current.live.turn), keepPartial: true, rollBack: false })
      }),
    enqueue: (change) => {
      waiting = [...waiting, { _tag: "Between", ...change }]
    },
    advance,
    reopen: runner.reopen,
    recover,
    abandon: (reason) =>
      Effect.suspend(() => {
        const left = waiting
        waiting = []
        for (const next of left) {
          if (next._tag === "Turn") next.live.end(Exit.fail(reason))
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
