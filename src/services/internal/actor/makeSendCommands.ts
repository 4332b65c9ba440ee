import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { EditOutcome, EditTurn } from "../../../domain/EditTurn.js"
import { IdempotencyConflict } from "../../../domain/error/IdempotencyConflict.js"
import type { SessionBusy } from "../../../domain/error/SessionBusy.js"
import { SessionStateError } from "../../../domain/error/SessionStateError.js"
import { SessionUnavailable } from "../../../domain/error/SessionUnavailable.js"
import type { MessageContent } from "../../../domain/MessageContent.js"
import type { SendMessage } from "../../../domain/SendMessage.js"
import { acceptsMessages } from "../../../domain/SessionStatus.js"
import { isTerminal, type Prompt } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import type { AdmittedSend } from "./acceptTurn.js"
import type { ActorCore, Command } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { checkLimits } from "./checkLimits.js"
import { digestOf } from "./digestOf.js"
import { failedTooOften } from "./failedTooOften.js"
import { promptOf } from "./promptOf.js"
import { replayTurn } from "./replayTurn.js"
import { sessionBusy } from "./sessionBusy.js"
import { tellTurnEnded } from "./tellTurnEnded.js"
import type { TurnObserver } from "./TurnObserver.js"
import type { TurnQueue } from "./TurnQueue.js"
import { withStatus } from "./withStatus.js"

/**
 * What a session is told by its users, from the door to the queue.
 */
export const makeSendCommands = (core: ActorCore, turns: TurnQueue, services: ActorServices) => {
  const { ids, limits, openTurns, pipeline, store } = services

  // One for all: in a flood of sends, to make an error for each would be most of the work.
  let busy: SessionBusy | undefined

  // Checked at the very moment of the offer, so that no burst of senders gets past it.
  const ifRoom = (command: Command) =>
    turns.size() + core.backlog() < limits.mailboxCapacity && openTurns.count < limits.maxOpenTurns
      ? core.tell(command)
      : command.abandon(busy ??= sessionBusy(core.id))

  const admit = (prompt: Prompt, turnId?: TurnId) =>
    Effect.flatMap(core.current, ({ context, session }) => {
      const notices: Array<TurnNotice> = []
      const about = turnId === undefined ? { context, session } : { context, session, turnId }
      return Effect.map(
        pipeline.admission(prompt, about, (skipped) => notices.push(skipped)),
        (prompt) => ({ prompt, notices })
      )
    })

  const release = (turnId: TurnId) => Effect.sync(() => tellTurnEnded(services, core.state(), turnId))

  /** A session that has rested too long is archived here if nobody has done it yet. */
  const requireOpen = (operation: string) =>
    Effect.gen(function*() {
      const { session } = core.state()
      const { sessionTimeoutMinutes } = session.config
      const now = yield* DateTime.now
      if (
        acceptsMessages(session.status) && sessionTimeoutMinutes !== undefined && turns.size() === 0 &&
        DateTime.distance(session.lastActivityAt, now) >= sessionTimeoutMinutes * 60_000
      ) {
        yield* core.persist(withStatus(core.state(), "archived", now))
      }
      const { status } = core.state().session
      if (status === "error") return yield* new SessionUnavailable({ sessionId: session.id, reason: failedTooOften })
      if (!acceptsMessages(status)) return yield* new SessionStateError({ sessionId: session.id, status, operation })
    })

  /**
   * `joined`: the key was known, and the observer is shown the turn it belongs to. `underWay`: it is known to the store, but
   * the actor has yet to hear of that; to be asked again once it has.
   */
  const joinKnown = Effect.fnUntraced(function*({ key }: SendMessage, digest: string, observer: TurnObserver) {
    if (key === undefined) return "unknown"
    const live = turns.withKey(key)
    const known = live ? Option.some(live.turn) : yield* store.turnByKey(core.id, key)
    if (Option.isNone(known)) return "unknown"
    const turn = known.value
    if (turn.digest !== digest) return yield* new IdempotencyConflict({ sessionId: core.id, turnId: turn.id })
    if (live) live.join(observer, "joined")
    else if (isTerminal(turn.status)) yield* replayTurn(store, turn, observer)
    else return "underWay"
    return "joined"
  })

  const accept = Effect.fnUntraced(function*(message: SendMessage, observer: TurnObserver) {
    const { lastOrdinal } = yield* core.current
    const digest = message.key === undefined ? "" : digestOf(message)
    // Before admission: who asks again must not be refused what was accepted.
    const known = yield* joinKnown(message, digest, observer)
    if (known === "joined") return
    const turnId = yield* ids.turnId
    // What middleware has reserved for a turn that does not come about is given back, by whoever has the send in hand then.
    let isOffered = false
    let isTurn = false
    const giveBack = Effect.suspend(() => (isTurn ? Effect.void : release(turnId)))
    const take = (admitted: Pick<AdmittedSend, "notices" | "prompt">) =>
      Effect.gen(function*() {
        const state = core.state()
        const mayBeKnown = known === "underWay" || state.lastOrdinal !== lastOrdinal
        if (mayBeKnown && (yield* joinKnown(message, digest, observer)) === "joined") return
        yield* requireOpen("send")
        // Each open turn adds a question and a reply, and the running one has its question there already.
        const ofOpenTurns = 2 * turns.size() - Number(turns.running() !== undefined)
        yield* checkLimits(state, admitted.prompt, ofOpenTurns + 2)
        yield* turns.accept({ ...admitted, turnId, message, ...(message.key !== undefined && { digest }) }, observer)
        isTurn = true
      }).pipe(Effect.ensuring(giveBack))
    const offer = (command: Command) => {
      isOffered = true
      ifRoom({
        ...command,
        abandon: (reason) => {
          if (!isTurn) tellTurnEnded(services, core.state(), turnId)
          command.abandon(reason)
        }
      })
    }
    yield* Effect.flatMap(admit(promptOf(message), turnId), (admitted) => core.ask(take(admitted), offer)).pipe(
      Effect.onExit(() => (isOffered ? Effect.void : giveBack))
    )
  })

  const edit = Effect.fnUntraced(function*({ turnId, ...content }: EditTurn) {
    const isWaiting = Effect.sync(() => turns.pending().some(({ id }) => id === turnId))
    // Before admission: an edit must not reserve anything for a turn that is not there, or not this session's.
    if (!(yield* core.ask(isWaiting))) return "tooLate" satisfies EditOutcome
    const { notices, prompt } = yield* admit(promptOf(content), turnId).pipe(
      Effect.onExit(() => giveBackIfEnded(turnId))
    )
    return yield* core.ask(turns.edit(turnId, prompt, notices))
  })

  /** A turn may have ended while an edit of it was admitted. */
  const giveBackIfEnded = (turnId: TurnId) =>
    Effect.suspend(() => (turns.open().some(({ id }) => id === turnId) ? Effect.void : release(turnId)))

  /** Changes the history once the turns that were accepted before have ended. */
  const betweenTurns = (command: Command) => ifRoom({ ...command, run: Effect.sync(() => turns.enqueue(command)) })

  return {
    accept,
    edit,
    betweenTurns,
    requireOpen,
    admit: (content: MessageContent) => Effect.map(admit(promptOf(content)), ({ prompt }) => prompt)
  }
}
