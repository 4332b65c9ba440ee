import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type { InvalidRequest } from "../../../domain/error/RequestError.js"
import type { SessionEvent } from "../../../domain/Events.js"
import type { MessageId, TurnId } from "../../../domain/Ids.js"
import { Message } from "../../../domain/Message.js"
import type { ConfigureSession, SessionStatus } from "../../../domain/Session.js"
import { patchSessionConfig } from "../../../domain/SessionConfig.js"
import { countMessage } from "../../../domain/SessionMetrics.js"
import type { Prompt } from "../../../domain/Turn.js"
import type { SessionChanges, SessionSnapshot } from "../../../services/SessionStore.js"

type Body<Event> = Event extends SessionEvent ? Omit<Event, "at" | "number" | "sessionId"> : never

/**
 * An event as a step of the session makes it, before it has its place among the session's events.
 */
export type EventBody = Body<SessionEvent>

/**
 * Where a session's feed is at one moment: the last event, and what has been shown of the reply under way.
 */
export interface FeedState {
  readonly lastEvent: number
  readonly reply?: {
    readonly turnId: TurnId
    /** Number of the event with which the text began. */
    readonly startedWith: number
    readonly text: string
  }
}

/**
 * What an actor knows of its session: the last committed state, never a guess. `window` holds the latest messages that a
 * provider may see, so that neither a turn nor an append reads the history.
 */
export type SessionState = Omit<SessionSnapshot, "openTurns">

/**
 * A step of a session: what to commit, and what is true once it is committed.
 */
export interface Transition {
  readonly changes: SessionChanges
  readonly next: SessionState
}

/**
 * More messages at the end of the history. A cut reply is part of it, but no provider sees it again.
 */
export const appendMessages = (
  state: SessionState,
  messages: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const metrics = messages.reduce(countMessage, state.metrics)
  const shown = messages.filter(({ finishReason }) => finishReason !== "cut")
  return {
    changes: { messages, metrics, lastActivityAt: now },
    next: {
      ...state,
      session: { ...state.session, messageCount: state.session.messageCount + messages.length, lastActivityAt: now },
      metrics,
      lastSeq: state.lastSeq + messages.length,
      window: shown.length === 0 ? state.window : [...state.window, ...shown].slice(-windowSize)
    }
  }
}

/**
 * A step together with what is to be told of it, once it is committed.
 */
export const withEvents = (
  { changes, next }: Transition,
  at: DateTime.Utc,
  bodies: ReadonlyArray<EventBody>
): Transition => {
  const { id: sessionId } = next.session
  const events = bodies.map((body, index): SessionEvent => ({
    ...body,
    sessionId,
    at,
    number: next.lastEvent + 1 + index
  }))
  return {
    changes: { ...changes, events: changes.events ? [...changes.events, ...events] : events },
    next: { ...next, lastEvent: next.lastEvent + events.length }
  }
}

/**
 * A session that is answered in another way from now on.
 */
export const configureSession = (
  state: SessionState,
  { model = state.session.model, provider = state.session.provider, ...changes }: ConfigureSession,
  now: DateTime.Utc
): Either.Either<Transition, InvalidRequest> =>
  Either.map(patchSessionConfig(state.session.config, changes), (config) => {
    const configuration = { provider, model, config }
    const session = { ...state.session, ...configuration }
    return withEvents({ changes: { configuration }, next: { ...state, session } }, now, [
      { _tag: "SessionConfigured", provider, model }
    ])
  })

/**
 * Two steps of one turn at once: what the second says of the turn is what counts, and both are told of.
 */
export const inOneCommit = (first: Transition, { changes, next }: Transition): Transition => ({
  changes: { ...first.changes, ...changes, events: [...first.changes.events ?? [], ...changes.events ?? []] },
  next
})

/**
 * A message at the end of the history, `ahead` places after the next one. What an actor makes needs no check.
 */
export const newMessage = (
  { lastSeq, session }: SessionState,
  message: Omit<ConstructorParameters<typeof Message>[0], "seq" | "sessionId">,
  ahead = 0
): Message => new Message({ ...message, sessionId: session.id, seq: lastSeq + 1 + ahead }, { disableValidation: true })

/**
 * The message that a turn's prompt becomes.
 */
export const toQuestion = (
  state: SessionState,
  turn: { readonly id: TurnId; readonly prompt?: Prompt },
  id: MessageId,
  createdAt: DateTime.Utc,
  ahead = 0
): Message => {
  const { metadata, parts } = turn.prompt ?? { parts: [], metadata: {} }
  return newMessage(state, { id, turnId: turn.id, role: "user", parts, metadata, createdAt }, ahead)
}

/**
 * The session in another status. To rest or to wake is not worth telling.
 */
export const withStatus = (state: SessionState, status: SessionStatus, now: DateTime.Utc): Transition =>
  withEvents(
    { changes: { status }, next: { ...state, session: { ...state.session, status } } },
    now,
    status === "archived" ? [{ _tag: "SessionArchived" } satisfies EventBody] : []
  )
