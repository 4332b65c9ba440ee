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
import type { SessionChanges } from "../../../services/SessionChanges.js"
import type { SessionSnapshot } from "../../../services/SessionStore.js"

/**
 * What an actor keeps of its session: the last committed state. `window` holds the latest messages that a provider may
 * see, so that neither a turn nor an append reads the history.
 */
export type SessionState = Omit<SessionSnapshot, "openTurns">

/**
 * A change of a session: what to commit, and the state after the commit.
 */
export interface Transition {
  readonly changes: SessionChanges
  readonly next: SessionState
}

/**
 * Adds events to a transition.
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
 * An event before it is numbered and dated.
 */
export type EventBody = Body<SessionEvent>

type Body<Event> = Event extends SessionEvent ? Omit<Event, "at" | "number" | "sessionId"> : never

/**
 * Combines two transitions into one commit. The second one's turn wins; events are concatenated.
 */
export const inOneCommit = (first: Transition, { changes, next }: Transition): Transition => ({
  changes: { ...first.changes, ...changes, events: [...first.changes.events ?? [], ...changes.events ?? []] },
  next
})

/**
 * Appends messages to the history. A cut reply is part of the history, but no provider sees it.
 */
export const appendMessages = (
  state: SessionState,
  messages: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const metrics = messages.reduce(countMessage, state.metrics)
  const visible = messages.filter(({ finishReason }) => finishReason !== "cut")
  return {
    changes: { messages, metrics, lastActivityAt: now },
    next: {
      ...state,
      session: { ...state.session, messageCount: state.session.messageCount + messages.length, lastActivityAt: now },
      metrics,
      lastSeq: state.lastSeq + messages.length,
      window: visible.length === 0 ? state.window : [...state.window, ...visible].slice(-windowSize)
    }
  }
}

/**
 * A message at the end of the history, `ahead` places after the next one. Not validated: actors only build valid
 * messages.
 */
export const newMessage = (
  { lastSeq, session }: SessionState,
  message: Omit<ConstructorParameters<typeof Message>[0], "seq" | "sessionId">,
  ahead = 0
): Message => new Message({ ...message, sessionId: session.id, seq: lastSeq + 1 + ahead }, { disableValidation: true })

/**
 * The user message for a turn's prompt.
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
 * Changes the provider, model or configuration. Fails with `InvalidRequest` when the result is not a valid
 * configuration.
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
 * Changes the status. Only `archived` has an event here; switching between `idle` and `active` has none.
 */
export const withStatus = (state: SessionState, status: SessionStatus, now: DateTime.Utc): Transition =>
  withEvents(
    { changes: { status }, next: { ...state, session: { ...state.session, status } } },
    now,
    status === "archived" ? [{ _tag: "SessionArchived" } satisfies EventBody] : []
  )
