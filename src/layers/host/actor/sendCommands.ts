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
import { type ActorCore, type Command, notifyTurnEnded } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import type { TurnObserver } from "./OpenTurn.js"
import { type SessionState, withStatus } from "./SessionState.js"
import { sessionBusy, type TurnQueue } from "./TurnQueue.js"
import type { AdmittedSend } from "./turnSteps.js"

/**
 * Commands that send and edit turns: admission, idempotency, limits, then the turn queue.
 */
export const makeSendCommands = (core: ActorCore, turns: TurnQueue, services: ActorServices) => {
  const { ids, limits, host, pipeline, store } = services

  // One instance for all refusals: under a flood of sends, creating an error for each would be most of the work.
  let busy: SessionBusy | undefined

  // Checked synchronously with the offer, so that concurrent senders cannot exceed the limit.
  const ifRoom = (command: Command) =>
    turns.size() + core.backlog() < limits.mailboxCapacity && host.openTurns < limits.maxOpenTurns
      ? core.offer(command)
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

  const release = (turnId: TurnId) => Effect.sync(() => notifyTurnEnded(services, core.state(), turnId))

  /** Fails unless the session accepts messages. Archives it first if its idle timeout has passed. */
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
   * Looks a key up. `joined`: the observer follows the key's turn. `unsettled`: the store has the turn, but it is not
   * loaded into the actor yet; look again once it is.
   */
  const joinByKey = Effect.fnUntraced(function*({ key }: SendMessage, digest: string, observer: TurnObserver) {
    if (key === undefined) return "unknown"
    const open = turns.withKey(key)
    const known = open ? Option.some(open.turn) : yield* store.turnByKey(core.id, key)
    if (Option.isNone(known)) return "unknown"
    const turn = known.value
    if (turn.digest !== digest) return yield* new IdempotencyConflict({ sessionId: core.id, turnId: turn.id })
    if (open) open.join(observer, "joined")
    else if (isTerminal(turn.status)) yield* replayTurn(store, turn, observer)
    else return "unsettled"
    return "joined"
  })

  const accept = Effect.fnUntraced(function*(message: SendMessage, observer: TurnObserver) {
    const { lastOrdinal } = yield* core.current
    const digest = message.key === undefined ? "" : toDigest(message)
    // Before admission, which must not refuse a repeated send whose turn was accepted.
    const known = yield* joinByKey(message, digest, observer)
    if (known === "joined") return
    const turnId = yield* ids.turnId
    // What middleware reserved for the turn is released if the send does not become one, whichever step it fails in.
    let isOffered = false
    let isTurn = false
    const releaseReservation = Effect.suspend(() => (isTurn ? Effect.void : release(turnId)))
    const take = (admitted: Pick<AdmittedSend, "notices" | "prompt">) =>
      Effect.gen(function*() {
        const state = core.state()
        const mayBeKnown = known === "unsettled" || state.lastOrdinal !== lastOrdinal
        if (mayBeKnown && (yield* joinByKey(message, digest, observer)) === "joined") return
        yield* requireOpen("send")
        // Each open turn adds a question and a reply; the running one's question is already in the history.
        const messagesToCome = 2 * turns.size() - Number(turns.running() !== undefined)
        yield* checkLimits(state, admitted.prompt, messagesToCome + 2)
        yield* turns.accept({ ...admitted, turnId, message, ...(message.key !== undefined && { digest }) }, observer)
        isTurn = true
      }).pipe(Effect.ensuring(releaseReservation))
    const offer = (command: Command) => {
      isOffered = true
      ifRoom({
        ...command,
        abandon: (reason) => {
          if (!isTurn) notifyTurnEnded(services, core.state(), turnId)
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
    // Before admission, which must not reserve anything for a turn that is not pending here.
    if (!(yield* core.ask(isWaiting))) return "tooLate" satisfies EditOutcome
    const { notices, prompt } = yield* admit(toPrompt(content), turnId).pipe(
      Effect.onExit(() => releaseIfEnded(turnId))
    )
    return yield* core.ask(turns.edit(turnId, prompt, notices))
  })

  /** The turn may have ended during admission. */
  const releaseIfEnded = (turnId: TurnId) =>
    Effect.suspend(() => (turns.open().some(({ id }) => id === turnId) ? Effect.void : release(turnId)))

  /** Runs a command once the turns accepted before it have ended. */
  const betweenTurns = (command: Command) => ifRoom({ ...command, run: Effect.sync(() => turns.enqueue(command)) })

  return {
    accept,
    edit,
    betweenTurns,
    requireOpen,
    admit: (content: MessageContent) => Effect.map(admit(toPrompt(content)), ({ prompt }) => prompt)
  }
}

/**
 * Replays a turn that has ended: the same events, with the whole text in one delta.
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
  // If the provider paused, the turn has more messages than the last one.
  const first = promptSeq === undefined ? replySeq : promptSeq + 1
  const replies = yield* Effect.forEach(
    first === undefined || replySeq === undefined ? [] : Arr.range(first, replySeq),
    messageAt
  )
  const reply = replies.at(-1) ?? Option.none()
  const text = Arr.getSomes(replies).map((message) => (message.role === "assistant" ? message.text : "")).join("")
  if (error === undefined && Option.isNone(reply)) {
    return yield* new InvalidRequest({
      path: ["key"],
      reason: "belongs to a turn whose reply was cleared; use another key",
      sessionId
    })
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
 * Checks a prompt and `moreMessages` additional messages against the session's limits. Fails with `LimitExceeded`.
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

export const toPrompt = ({ content, metadata = {} }: MessageContent): Prompt => ({
  parts: typeof content === "string" ? [{ _tag: "Text", text: content }] : content,
  metadata
})

/**
 * Digest of a send's content, to detect that a key is reused for another message.
 */
export const toDigest = ({ content, metadata = {} }: MessageContent): string =>
  createHash("sha256").update(JSON.stringify([content, metadata])).digest("base64url").slice(0, 22)

/** Why a session in status `error` is unavailable. */
export const failedTooOften = "its actor failed repeatedly; fix the cause, then reactivate the session"
