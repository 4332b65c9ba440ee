import { DateTime } from "effect"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import type { SessionEvent } from "../../src/domain/Events.js"
import { Message } from "../../src/domain/Message.js"
import { message, now, session, sessionId, turnId } from "../domain/conversation.js"

const event = { sessionId, number: 1, at: now }

export const created: SessionEvent = { ...event, _tag: "SessionCreated", session }
export const archived: SessionEvent = { ...event, _tag: "SessionArchived", at: DateTime.add(now, { minutes: 1 }) }
export const deleted: SessionEvent = {
  ...event,
  _tag: "SessionDeleted",
  userId: session.userId,
  provider: session.provider
}
export const errored: SessionEvent = { ...event, _tag: "SessionErrored", reason: "canary" }
export const completed: SessionEvent = { ...event, _tag: "TurnCompleted", turnId }
export const failed: SessionEvent = {
  ...event,
  _tag: "TurnFailed",
  turnId,
  error: new ProviderTransient({ provider: "mock", reason: "overloaded" })
}
export const sent = (text: string, seconds = 0): SessionEvent => ({
  ...event,
  _tag: "MessageSent",
  at: DateTime.add(now, { seconds }),
  message: message(1, "user", text)
})
export const received = (processingTimeMs: number): SessionEvent => ({
  ...event,
  _tag: "MessageReceived",
  message: new Message({
    ...message(2, "assistant", "canary"),
    processingTimeMs,
    usage: { inputTokens: 7, outputTokens: 5 }
  })
})
