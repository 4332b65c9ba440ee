import { DateTime } from "effect"
import { MessageId, SessionId, TurnId, UserId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import { emptySessionMetrics } from "../../src/domain/SessionMetrics.js"
import type { SessionExport } from "../../src/domain/Transfer.js"
import type { Turn } from "../../src/domain/Turn.js"

const at = DateTime.unsafeMake("2026-01-01T00:00:00Z")

export const turn = (id: string, ordinal: number, over: Partial<Turn> = {}): Turn => ({
  id: TurnId.make(id),
  sessionId: SessionId.make("s"),
  ordinal,
  status: "completed",
  attempt: 1,
  acceptedAt: at,
  endedAt: at,
  ...over
})

export const message = (seq: number, over: Partial<typeof Message.Type> = {}): Message =>
  new Message({
    id: MessageId.make(`m${seq}`),
    sessionId: SessionId.make("s"),
    seq,
    turnId: TurnId.make("t1"),
    role: seq % 2 === 1 ? "user" : "assistant",
    parts: [{ _tag: "Text", text: "hello" }],
    createdAt: at,
    metadata: {},
    ...over
  })

/** The export of a session with one turn. */
export const recordOf = (id: string): SessionExport => {
  const sessionId = SessionId.make(id)
  return {
    format: "langswarm-session/1",
    session: {
      id: sessionId,
      userId: UserId.make("ada"),
      provider: "mock",
      model: "mock-model",
      status: "idle",
      config: {},
      createdAt: at,
      lastActivityAt: at,
      messageCount: 2
    },
    lastSeq: 5,
    lastOrdinal: 3,
    metrics: emptySessionMetrics(sessionId),
    contexts: [{ since: 0, context: makeSessionContext(sessionId, at) }],
    messages: [message(1, { sessionId }), message(2, { sessionId })],
    rewound: [message(4, { sessionId, turnId: TurnId.make("t2") })],
    turns: [turn("t1", 1, { sessionId, promptSeq: 1, replySeq: 2 })]
  }
}
