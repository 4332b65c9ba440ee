import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { DeadLetter } from "../../../domain/DeadLetter.js"
import { ProviderTransient } from "../../../domain/error/ProviderError.js"
import type { SessionEvent } from "../../../domain/Events.js"
import { MessageId, type SessionId, TurnId, UserId } from "../../../domain/Ids.js"
import { Message, type MessageQuery } from "../../../domain/Message.js"
import type { SessionInfo } from "../../../domain/Session.js"
import { makeSessionContext } from "../../../domain/SessionContext.js"
import type { Attempt, Prompt, Turn } from "../../../domain/Turn.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { type SessionDeletion, SessionStore } from "../../../services/SessionStore.js"

/** Sample data is the same in each run, except for session ids. */
const start = DateTime.unsafeMake("2026-01-01T00:00:00Z")

export const at = (seconds: number): DateTime.Utc => DateTime.add(start, { millis: Math.round(seconds * 1000) })

export const sessionOf = (id: SessionId, over: Partial<SessionInfo> = {}): SessionInfo => ({
  id,
  userId: UserId.make(`user-of-${id}`),
  provider: "mock",
  model: "mock-model",
  status: "active",
  config: {},
  createdAt: at(0),
  lastActivityAt: at(0),
  messageCount: 0,
  ...over
})

export const promptOf = (text: string): Prompt => ({ parts: [{ _tag: "Text", text }], metadata: {} })

export const messageOf = (
  sessionId: SessionId,
  seq: number,
  over: Partial<typeof Message.Type> = {}
): Message =>
  new Message({
    id: MessageId.make(`${sessionId}-${seq}`),
    sessionId,
    seq,
    role: seq % 2 === 1 ? "user" : "assistant",
    parts: [{ _tag: "Text", text: `message ${seq}` }],
    createdAt: at(seq),
    metadata: {},
    ...over
  })

/** The messages from one `seq` to another. */
export const messagesOf = (sessionId: SessionId, first: number, last: number): ReadonlyArray<Message> =>
  Array.from({ length: last - first + 1 }, (_, index) => messageOf(sessionId, first + index))

export const turnOf = (sessionId: SessionId, ordinal: number, over: Partial<Turn> = {}): Turn => ({
  id: TurnId.make(`${sessionId}-t${ordinal}`),
  sessionId,
  ordinal,
  status: "accepted",
  attempt: 0,
  prompt: promptOf(`turn ${ordinal}`),
  acceptedAt: at(ordinal),
  ...over
})

type Body<Event> = Event extends SessionEvent ? Omit<Event, "at" | "number" | "sessionId"> : never

export const eventOf = (sessionId: SessionId, number: number, body: Body<SessionEvent>): SessionEvent => ({
  sessionId,
  number,
  at: at(number),
  ...body
})

/** The event that remains of a deleted session. */
export const deletionOf = (sessionId: SessionId, number: number): SessionDeletion => ({
  _tag: "SessionDeleted",
  sessionId,
  number,
  at: at(number),
  userId: sessionOf(sessionId).userId,
  provider: "mock"
})

/** A dead letter of a hook that no other case uses. */
export const deadLetterOf = (sessionId: SessionId, number: number, over: Partial<DeadLetter> = {}): DeadLetter => ({
  hook: `hook-${sessionId}`.slice(0, 64),
  sessionId,
  number,
  event: "SessionArchived",
  at: at(number),
  attempts: 3,
  reason: "failed",
  ...over
})

/** A new session in the store. */
export const createSession = (over?: Partial<SessionInfo>) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const session = sessionOf(yield* (yield* IdGenerator).sessionId, over)
    yield* store.create(session, makeSessionContext(session.id, session.createdAt))
    return session
  })

/** A new session in the store with this many messages, and its owner. */
export const ownSession = (messages: number) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const { id } = yield* createSession()
    const { epoch } = yield* store.open(id, 0)
    yield* store.commit(id, epoch, { messages: messagesOf(id, 1, messages) })
    return { id, epoch }
  })

/** A fork in the store, and its owner. */
export const forkSession = (origin: SessionId, seq: number) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const session = sessionOf(yield* (yield* IdGenerator).sessionId, { forkedFrom: { sessionId: origin, seq } })
    const { id } = session
    yield* store.fork(origin, seq, session, makeSessionContext(id, at(100), { system: { forkedAt: seq } }))
    const { epoch } = yield* store.open(id, 0)
    return { id, epoch, session }
  })

/** The `seq`s of a session's history. */
export const seqsOf = (id: SessionId, query: MessageQuery = {}) =>
  Effect.map(
    Effect.flatMap(SessionStore, (store) => store.messages(id, query)),
    ({ items }) => items.map(({ seq }) => seq)
  )

/** The two attempts of a turn: the second, by another provider, was answered. */
export const target = { provider: "other", model: "other \"model\"" }

export const failedAttempt: Attempt = {
  provider: "mock",
  model: "mock-model",
  startedAt: at(2),
  durationMs: 12.5,
  error: new ProviderTransient({
    provider: "mock",
    reason: "overloaded",
    retryAfterMs: 1500.5,
    context: { status: 529, requestId: "req-1" }
  })
}

export const answeredAttempt: Attempt = {
  ...target,
  startedAt: at(2.001),
  durationMs: 0,
  requestId: "req-2",
  usage: { inputTokens: 30, outputTokens: 20, cacheReadTokens: 10, cacheWriteTokens: 5, reasoningTokens: 1 },
  cost: { nanoUsd: 1_234_567_890_123, pricedAs: "other/model" }
}
