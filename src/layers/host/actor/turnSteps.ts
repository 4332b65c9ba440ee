import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { TurnInterrupted } from "../../../domain/error/TurnError.js"
import type { TurnId } from "../../../domain/Ids.js"
import type { Message } from "../../../domain/Message.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { SendMessage } from "../../../domain/Send.js"
import type { SessionInfo } from "../../../domain/Session.js"
import { countAttempt } from "../../../domain/SessionMetrics.js"
import type { Attempt, Prompt, Turn, TurnNotice } from "../../../domain/Turn.js"
import type { Target } from "../../../services/internal/calls/targets.js"
import type { SessionChanges } from "../../../services/SessionChanges.js"
import { appendMessages, type EventBody, type SessionState, type Transition, withEvents } from "./SessionState.js"

/**
 * T1: stores the turn with its prompt. From here on it is answered even after a crash.
 */
export const acceptTurn = (
  state: SessionState,
  { digest, message, notices = [], prompt, turnId: id }: AdmittedSend,
  now: DateTime.Utc,
  maxTurnTime: Duration.Duration
): Transition & { readonly turn: Turn } => {
  const { key, onUnknown, timeout, whenBusy = state.session.config.whenBusy } = message
  const turn: Turn = {
    id,
    sessionId: state.session.id,
    ordinal: state.lastOrdinal + 1,
    status: "accepted",
    attempt: 0,
    prompt,
    acceptedAt: now,
    ...(key !== undefined && { key }),
    ...(digest !== undefined && { digest }),
    ...(timeout && { deadlineAt: DateTime.addDuration(now, Duration.min(timeout, maxTurnTime)) }),
    ...(whenBusy !== undefined && { whenBusy }),
    ...(onUnknown !== undefined && { onUnknown })
  }
  const accepted: Transition = { changes: { turns: [turn] }, next: { ...state, lastOrdinal: turn.ordinal } }
  return {
    turn,
    ...withEvents(accepted, now, [
      { _tag: "TurnAccepted", turnId: id },
      ...notices.map((notice) => ({ _tag: "TurnNoticed" as const, turnId: id, notice }))
    ])
  }
}

/**
 * A send that has passed admission.
 */
export interface AdmittedSend {
  readonly turnId: TurnId
  readonly message: SendMessage
  /** The content after admission middleware. */
  readonly prompt: Prompt
  /** Digest of the content as sent. Present with a key. */
  readonly digest?: string
  /** Notices from admission. */
  readonly notices?: ReadonlyArray<TurnNotice>
}

/**
 * T2: stores the question in the history, after the messages `before` it. From here on the provider may be called.
 */
export const startTurn = (
  state: SessionState,
  accepted: Turn,
  before: ReadonlyArray<Message>,
  question: Message,
  now: DateTime.Utc,
  windowSize: number
): Transition & { readonly turn: Turn } => {
  const { prompt: _, ...rest } = accepted
  const turn: Turn = { ...rest, status: "calling", attempt: 1, startedAt: now, promptSeq: question.seq }
  const messages = [...before, question]
  const { changes, next } = appendMessages(state, messages, now, windowSize)
  const isIdle = state.session.status === "idle"
  const started: Transition = {
    changes: { ...changes, turns: [turn], ...(isIdle && { status: "active" }) },
    next: isIdle ? { ...next, session: { ...next.session, status: "active" } } : next
  }
  return {
    turn,
    ...withEvents(started, now, [
      ...messages.map((message) => ({ _tag: "MessageSent" as const, message })),
      { _tag: "TurnStarted", turnId: turn.id }
    ])
  }
}

/**
 * The intent of another provider call after one without a reply: to the same provider, or to a fallback.
 */
export const callAgain = (
  before: SessionState,
  calling: Turn,
  { model, index, provider }: Target,
  { attempt, notices = [] }: CallRecord,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const failed = attempt ? [{ _tag: "AttemptFailed" as const, attempt }] : []
  const recorded = applyCallRecord(before, calling, { attempt, notices: [...failed, ...notices] })
  const { fallback: _, ...rest } = recorded.turn
  const turn: Turn = { ...rest, attempt: calling.attempt + 1, ...(index > 0 && { fallback: { provider, model } }) }
  const { metrics } = recorded.state
  return { turn, ...withEvents({ changes: { metrics, turns: [turn] }, next: recorded.state }, now, recorded.bodies) }
}

/**
 * The intent of a turn's next provider call. Stores the replies of the last one, and the turns that were steered into
 * this one meanwhile.
 */
export const continueTurn = (
  before: SessionState,
  running: Turn,
  replies: ReadonlyArray<Message>,
  record: CallRecord,
  joining: ReadonlyArray<Joining>,
  now: DateTime.Utc,
  windowSize: number
): Transition & { readonly turn: Turn; readonly joined: ReadonlyArray<Turn> } => {
  const { bodies, changes: callChanges, state, turn } = applyCallRecord(before, running, record)
  const { draft: _, ...rest } = turn
  const continued: Turn = { ...rest, attempt: turn.attempt + 1 }
  const joined = joining.map(({ question, turn: other }): Turn => {
    const { prompt: _, ...accepted } = other
    return {
      ...accepted,
      status: "calling",
      attempt: continued.attempt,
      startedAt: now,
      promptSeq: question.seq,
      joined: turn.id
    }
  })
  const { changes, next } = appendMessages(
    state,
    [...replies, ...joining.map(({ question }) => question)],
    now,
    windowSize
  )
  return {
    turn: continued,
    joined,
    ...withEvents({ changes: { ...changes, ...callChanges, turns: [continued, ...joined] }, next }, now, [
      ...bodies,
      ...replies.map((message) => ({ _tag: "MessageReceived" as const, message })),
      ...joining.flatMap(({ question, turn: { id } }) => [
        { _tag: "MessageSent" as const, message: question },
        { _tag: "TurnJoined" as const, turnId: id, into: turn.id }
      ])
    ])
  }
}

/**
 * A turn that joins the running one, with the message for its prompt.
 */
export interface Joining {
  readonly turn: Turn
  readonly question: Message
}

/**
 * The intent of another provider call for a turn whose last one was lost with its process. Its question is already
 * stored.
 */
export const retryTurn = (
  before: SessionState,
  lost: Turn,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const recorded = applyCallRecord(before, lost, lostCall(before, lost, now))
  const { draft: _, fallback: __, ...rest } = recorded.turn
  const turn: Turn = { ...rest, attempt: lost.attempt + 1 }
  const { changes, state } = recorded
  return {
    turn,
    ...withEvents({ changes: { ...changes, metrics: state.metrics, turns: [turn] }, next: state }, now, [
      { _tag: "TurnStarted", turnId: turn.id }
    ])
  }
}

/**
 * The record of a provider call whose process ended: it may have been made. A provider's copy of the conversation may
 * or may not include it, so it must not be resumed.
 */
export const lostCall = ({ session }: SessionState, turn: Turn, now: DateTime.Utc): CallRecord => {
  const { provider, model } = turn.fallback ?? session
  return {
    attempt: {
      provider,
      model,
      startedAt: turn.startedAt ?? now,
      error: new TurnInterrupted({ sessionId: turn.sessionId, turnId: turn.id })
    },
    cursor: session.cursor && null
  }
}

/**
 * What a provider call leaves behind, besides its reply.
 */
export interface CallRecord {
  /** Absent when no provider was called. */
  readonly attempt?: Attempt | undefined
  readonly notices?: ReadonlyArray<TurnNotice>
  /** The provider's copy of the conversation from now on; null when it must not be resumed. */
  readonly cursor?: ProviderCursor | null | undefined
}

/**
 * Adds a call's record to its turn and session, with the changes and events for it.
 */
export const applyCallRecord = (state: SessionState, turn: Turn, { attempt, cursor, notices = [] }: CallRecord) => ({
  turn: attempt ? { ...turn, attempts: [...turn.attempts ?? [], attempt] as const } satisfies Turn : turn,
  state: {
    ...state,
    metrics: attempt ? countAttempt(state.metrics, attempt) : state.metrics,
    session: cursor === undefined ? state.session : withCursor(state.session, cursor)
  } satisfies SessionState,
  changes: (cursor === undefined ? {} : { cursor }) satisfies SessionChanges,
  bodies: notices.map((notice): EventBody => ({ _tag: "TurnNoticed", turnId: turn.id, notice }))
})

/**
 * Sets or removes the session's cursor.
 */
export const withCursor = (session: SessionInfo, cursor: ProviderCursor | null): SessionInfo => {
  if (cursor !== null) return { ...session, cursor }
  const { cursor: _, ...without } = session
  return without
}
