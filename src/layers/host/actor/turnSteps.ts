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
import type { SessionChanges } from "../../../services/SessionStore.js"
import { appendMessages, type EventBody, type SessionState, type Transition, withEvents } from "./SessionState.js"

/**
 * What a provider call leaves behind beside what it said.
 */
export interface CallRecord {
  /** None when nobody was called. */
  readonly attempt?: Attempt | undefined
  readonly notices?: ReadonlyArray<TurnNotice>
  /** The provider's own copy of the conversation from now on; null when it is not to be gone on with. */
  readonly cursor?: ProviderCursor | null | undefined
}

/**
 * A turn and its session with the trace of a call, and what is to be stored and told of that.
 */
export const traceCall = (state: SessionState, turn: Turn, { attempt, cursor, notices = [] }: CallRecord) => ({
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
 * A session whose provider has this copy of the conversation, or none.
 */
export const withCursor = (session: SessionInfo, cursor: ProviderCursor | null): SessionInfo => {
  if (cursor !== null) return { ...session, cursor }
  const { cursor: _, ...without } = session
  return without
}

/**
 * A send that has passed admission.
 */
export interface AdmittedSend {
  readonly turnId: TurnId
  readonly message: SendMessage
  /** What admission made of its content. */
  readonly prompt: Prompt
  /** Of the content as it was sent. Present with a key. */
  readonly digest?: string
  /** What happened on its way. */
  readonly notices?: ReadonlyArray<TurnNotice>
}

/**
 * T1: the turn is stored with what it asks, and will be answered even after a crash.
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
 * The intent of another provider call, after one that said nothing: of the same provider, or of one that stands in for it.
 */
export const callAgain = (
  before: SessionState,
  calling: Turn,
  { model, place, provider }: Target,
  { attempt, notices = [] }: CallRecord,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const failed = attempt ? [{ _tag: "AttemptFailed" as const, attempt }] : []
  const traced = traceCall(before, calling, { attempt, notices: [...failed, ...notices] })
  const { fallback: _, ...rest } = traced.turn
  const turn: Turn = { ...rest, attempt: calling.attempt + 1, ...(place > 0 && { fallback: { provider, model } }) }
  const { metrics } = traced.state
  return { turn, ...withEvents({ changes: { metrics, turns: [turn] }, next: traced.state }, now, traced.bodies) }
}

/**
 * A turn that waits to join another, and the message that its prompt becomes.
 */
export interface Joining {
  readonly turn: Turn
  readonly question: Message
}

/**
 * The intent of a turn's further provider call: what the one before it said is stored, and so is what has been steered into
 * the turn meanwhile.
 */
export const continueTurn = (
  before: SessionState,
  running: Turn,
  said: ReadonlyArray<Message>,
  trace: CallRecord,
  joining: ReadonlyArray<Joining>,
  now: DateTime.Utc,
  windowSize: number
): Transition & { readonly turn: Turn; readonly joined: ReadonlyArray<Turn> } => {
  const { bodies, changes: traced, state, turn } = traceCall(before, running, trace)
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
    [...said, ...joining.map(({ question }) => question)],
    now,
    windowSize
  )
  return {
    turn: continued,
    joined,
    ...withEvents({ changes: { ...changes, ...traced, turns: [continued, ...joined] }, next }, now, [
      ...bodies,
      ...said.map((message) => ({ _tag: "MessageReceived" as const, message })),
      ...joining.flatMap(({ question, turn: { id } }) => [
        { _tag: "MessageSent" as const, message: question },
        { _tag: "TurnJoined" as const, turnId: id, into: turn.id }
      ])
    ])
  }
}

/**
 * What is known of a provider call whose process is gone: that it may have been made. A provider that holds the conversation
 * may have gone on with it, and may not.
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
 * The intent of another provider call for a turn whose last one was lost with its process. Its question is in the history.
 */
export const retryTurn = (
  before: SessionState,
  lost: Turn,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const traced = traceCall(before, lost, lostCall(before, lost, now))
  const { draft: _, fallback: __, ...rest } = traced.turn
  const turn: Turn = { ...rest, attempt: lost.attempt + 1 }
  const { changes, state } = traced
  return {
    turn,
    ...withEvents({ changes: { ...changes, metrics: state.metrics, turns: [turn] }, next: state }, now, [
      { _tag: "TurnStarted", turnId: turn.id }
    ])
  }
}

/**
 * T2: the question enters the history, after what must stand before it, and the provider may be called from now on.
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
  const wakes = state.session.status === "idle"
  const started: Transition = {
    changes: { ...changes, turns: [turn], ...(wakes && { status: "active" }) },
    next: wakes ? { ...next, session: { ...next.session, status: "active" } } : next
  }
  return {
    turn,
    ...withEvents(started, now, [
      ...messages.map((message) => ({ _tag: "MessageSent" as const, message })),
      { _tag: "TurnStarted", turnId: turn.id }
    ])
  }
}
