import { DateTime } from "effect"
import { MessageId, SessionId, TurnId, UserId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import type { SessionInfo } from "../../src/domain/Session.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import type { ProviderRequest } from "../../src/services/Provider.js"

export const sessionId = SessionId.make("session")
export const turnId = TurnId.make("turn")
export const now = DateTime.unsafeMake(0)

export const session: SessionInfo = {
  id: sessionId,
  userId: UserId.make("ada"),
  provider: "mock",
  model: "mock-model",
  status: "active",
  config: {},
  createdAt: now,
  lastActivityAt: now,
  messageCount: 0
}

export const message = (seq: number, role: Message["role"], text: string): Message =>
  new Message({
    id: MessageId.make(`message-${seq}`),
    sessionId,
    seq,
    role,
    parts: [{ _tag: "Text", text }],
    createdAt: now,
    metadata: {}
  })

export const request = (...messages: ReadonlyArray<Message>): ProviderRequest => ({
  sessionId,
  turnId,
  messages,
  context: makeSessionContext(sessionId, now)
})

export const asking = (text: string): ProviderRequest => request(message(1, "user", text))
