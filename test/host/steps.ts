import { DateTime } from "effect"
import { Epoch, MessageId, TurnId } from "../../src/domain/Ids.js"
import { Message, type Part } from "../../src/domain/Message.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import { emptySessionMetrics } from "../../src/domain/SessionMetrics.js"
import type { Attempt, Prompt, Turn } from "../../src/domain/Turn.js"
import type { SessionState } from "../../src/layers/host/actor/SessionState.js"
import { now, session, sessionId, turnId } from "../domain/conversation.js"

export const windowSize = 4
export const later = DateTime.unsafeMake(5000)
export const prompt: Prompt = { parts: [{ _tag: "Text", text: "Hello" }], metadata: { lang: "en" } }

/** The state of a session that was just created. */
export const initialState: SessionState = {
  epoch: Epoch.make(3),
  session,
  context: makeSessionContext(sessionId, now),
  metrics: emptySessionMetrics(sessionId),
  lastSeq: 0,
  lastOrdinal: 0,
  lastEvent: 1,
  delivered: 1,
  window: []
}

export const accepted = (ordinal = 1, over: Partial<Turn> = {}): Turn => ({
  id: ordinal === 1 ? turnId : TurnId.make(`turn-${ordinal}`),
  sessionId,
  ordinal,
  status: "accepted",
  attempt: 0,
  prompt,
  acceptedAt: now,
  ...over
})

export const question = (seq: number, id = turnId): Message =>
  new Message({ ...entry(seq, "user", prompt.parts), turnId: id, metadata: prompt.metadata })

export const reply = (seq: number, over: Partial<Message> = {}): Message =>
  new Message({
    ...entry(seq, "assistant", [{ _tag: "Text", text: "Hi" }]),
    turnId,
    finishReason: "complete",
    usage: { inputTokens: 3, outputTokens: 2 },
    processingTimeMs: 250,
    ...over
  })

export const entry = (seq: number, role: Message["role"], parts: ReadonlyArray<Part>) => ({
  id: MessageId.make(`${role}-${seq}`),
  sessionId,
  seq,
  role,
  parts,
  createdAt: now,
  metadata: {}
})

/** A tool call. */
export const toolCall = (id: string): Part => ({ _tag: "ToolCall", id, name: "search", arguments: {} })

export const toolResult = (id: string): Part => ({ _tag: "ToolResult", id, result: "found", isError: false })

/** A provider call with its usage. */
export const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  provider: "mock",
  model: "mock-model",
  startedAt: now,
  durationMs: 250,
  usage: { inputTokens: 3, outputTokens: 2 },
  ...over
})
