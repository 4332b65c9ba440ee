import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { InvalidRequest } from "../../../domain/error/RequestError.js"
import {
  IdempotencyConflict,
  LimitExceeded,
  type SessionBusy,
  type SessionNotFound,
  SessionStateError,
  SessionUnavailable
} from "../../../domain/error/SessionError.js"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { TurnId } from "../../../domain/Ids.js"
import type { MessageContent } from "../../../domain/Message.js"
import type { EditOutcome, EditTurn, SendMessage } from "../../../domain/Send.js"
import { acceptsMessages } from "../../../domain/Session.js"
import { isTerminal, type Prompt, type Turn, type TurnNotice } from "../../../domain/Turn.js"
import { estimateTokens } from "../../../services/internal/calls/contextWindow.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import { type ActorCore, type Command, tellTurnEnded } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import type { TurnObserver } from "./OpenTurn.js"
import { type SessionState, withStatus } from "./SessionState.js"
import { sessionBusy, type TurnQueue } from "./TurnQueue.js"
import type { AdmittedSend } from "./turnSteps.js"

/**
 * Whether a session's configuration has room for a prompt, and for so many messages more than there are.
 */
export const checkLimits = (
  { session }: SessionState,
  prompt: Prompt,
  moreMessages: number
): Either.Either<void, LimitExceeded> => {
  const { maxMessages, maxTokensPerMessage } = session.config
  const messages = session.messageCount + moreMessages
  if (maxMessages !== undefined && messages > maxMessages) {
    return refuse(session.id, "maxMessages", maxMessages, messages)
  }
  const tokens = estimateTokens(prompt.parts)
  return maxTokensPerMessage !== undefined && tokens > maxTokensPerMessage
    ? refuse(session.id, "maxTokensPerMessage", maxTokensPerMessage, tokens)
    : Either.void
}

const refuse = (sessionId: SessionState["session"]["id"], limit: LimitExceeded["limit"], max: number, actual: number) =>
  Either.left(new LimitExceeded({ sessionId, limit, max, actual }))

/**
 * Tells whether two sends with the same key say the same.
 */
export const toDigest = ({ content, metadata = {} }: MessageContent): string =>
  createHash("sha256").update(JSON.stringify([content, metadata])).digest("base64url").slice(0, 22)

/** Why a session in status `error` does not answer. */
export const failedTooOften = "it failed again and again; reactivate it once that is mended"

export const toPrompt = ({ content, metadata = {} }: MessageContent): Prompt => ({
  parts: typeof content === "string" ? [{ _tag: "Text", text: content }] : content,
  metadata
})

/**
 * Shows a turn that has ended to somebody who asks for it again: the same events, with the whole text at once.
 */
export const replayTurn = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  turn: Turn,
  observer: TurnObserver
): Effect.fn.Return<void, InvalidRequest | SessionNotFound | StoreError> {
  const { error, id: turnId, promptSeq, replySeq, sessionId } = turn
  const messageAt = (seq: number | undefined) =>
    seq === undefined ? Effect.succeedNone : store.messageAt(sessionId, seq)
  const question = yield* messageAt(promptSeq)
  // A turn whose provider paused has said more than its last message.
  const first = promptSeq === undefined ? replySeq : promptSeq + 1
  const said = yield* Effect.forEach(
    first === undefined || replySeq === undefined ? [] : Arr.range(first, replySeq),
    messageAt
  )
  const reply = said.at(-1) ?? Option.none()
  const text = Arr.getSomes(said).map((message) => (message.role === "assistant" ? message.text : "")).join("")
  if (error === undefined && Option.isNone(reply)) {
    return yield* new InvalidRequest({ path: ["key"], reason: "names a turn whose reply has been cleared", sessionId })
  }
  observer.emit({ _tag: "TurnAccepted", turnId, outcome: "joined" })
  if (Option.isSome(question)) observer.emit({ _tag: "TurnStarted", turnId, message: question.value })
  if (text !== "") observer.emit({ _tag: "TurnDelta", turnId, offset: 0, text })
  if (error !== undefined) return observer.end(Exit.fail(error))
  if (Option.isNone(reply)) return
  observer.emit({ _tag: "TurnCompleted", turnId, message: reply.value })
  observer.end(Exit.succeed(reply.value))
})

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
    const digest = message.key === undefined ? "" : toDigest(message)
    // Before admission: who asks again must not be refused what was accepted.
    const known = yield* joinKnown(message, digest, observer)
    if (known === "joined") return
    const turnId = yield* ids.turnId
    // What middleware has reserved for a turn that does not come about is given back, by whoever has the send in hand then.
    let isOffered = false
    let isTurn = false
    const releaseReservation = Effect.suspend(() => (isTurn ? Effect.void : release(turnId)))
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
      }).pipe(Effect.ensuring(releaseReservation))
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
    yield* Effect.flatMap(admit(toPrompt(message), turnId), (admitted) => core.ask(take(admitted), offer)).pipe(
      Effect.onExit(() => (isOffered ? Effect.void : releaseReservation))
    )
  })

  const edit = Effect.fnUntraced(function*({ turnId, ...content }: EditTurn) {
    const isWaiting = Effect.sync(() => turns.pending().some(({ id }) => id === turnId))
    // Before admission: an edit must not reserve anything for a turn that is not there, or not this session's.
    if (!(yield* core.ask(isWaiting))) return "tooLate" satisfies EditOutcome
    const { notices, prompt } = yield* admit(toPrompt(content), turnId).pipe(
      Effect.onExit(() => releaseIfEnded(turnId))
    )
    return yield* core.ask(turns.edit(turnId, prompt, notices))
  })

  /** A turn may have ended while an edit of it was admitted. */
  const releaseIfEnded = (turnId: TurnId) =>
    Effect.suspend(() => (turns.open().some(({ id }) => id === turnId) ? Effect.void : release(turnId)))

  /** Changes the history once the turns that were accepted before have ended. */
  const betweenTurns = (command: Command) => ifRoom({ ...command, run: Effect.sync(() => turns.enqueue(command)) })

  return {
    accept,
    edit,
    betweenTurns,
    requireOpen,
    admit: (content: MessageContent) => Effect.map(admit(toPrompt(content)), ({ prompt }) => prompt)
  }
}
