import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Either, Schema } from "effect"
import { InvalidRequest } from "../../src/domain/error/RequestError.js"
import { IdempotencyKey, MessageId, SessionId, TurnId } from "../../src/domain/Ids.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import { type SessionExport, SessionRecord } from "../../src/domain/Transfer.js"
import { message, recordOf, turn } from "./record.js"

const good = recordOf("s")
const other = SessionId.make("other")
const context = (version: number) => ({ ...makeSessionContext(good.session.id, DateTime.unsafeMake(0)), version })
const key = IdempotencyKey.make("k")

/** Invalid records by the path of the error. */
const wrong: Readonly<Record<string, Partial<SessionExport>>> = {
  "session.status": { session: { ...good.session, status: "deleted" } },
  "session.config": {
    session: { ...good.session, config: { autoArchiveAfter: Duration.zero } }
  },
  "session.messageCount": { messages: [message(1)] },
  "metrics.sessionId": { metrics: { ...good.metrics, sessionId: other } },
  "messages.1.sessionId": { messages: [message(1), message(2, { sessionId: other })] },
  "messages.1.seq": { messages: [message(2), message(1)] },
  "rewound.0.seq": { rewound: [message(2, { id: MessageId.make("m9") })] },
  "rewound.1.seq": { rewound: [message(4), message(6)] },
  "rewound.0.id": { rewound: [message(4, { id: MessageId.make("m1") })] },
  "messages.1.id": { messages: [message(1), message(2, { id: MessageId.make("m1") })] },
  "turns.0.ordinal": { turns: [turn("t1", 4)] },
  "turns.1.ordinal": { turns: [turn("t1", 2), turn("t2", 2)] },
  "turns.1.id": { turns: [turn("t1", 1), turn("t1", 2)] },
  "turns.1.key": { turns: [turn("t1", 1, { key, digest: "d" }), turn("t2", 2, { key, digest: "d" })] },
  "turns.0.status": { turns: [turn("t1", 1, { status: "calling" })] },
  "turns.0.draft": { turns: [turn("t1", 1, { draft: "so far" })] },
  "turns.0.digest": { turns: [turn("t1", 1, { key })] },
  "turns.0.promptSeq": { turns: [turn("t3", 1, { promptSeq: 1 })] },
  "turns.0.replySeq": { turns: [turn("t1", 1, { replySeq: 6 })] },
  "contexts.0.since": { contexts: [{ since: 6, context: context(1) }] },
  "contexts.1.since": { contexts: [{ since: 4, context: context(1) }, { since: 3, context: context(2) }] },
  "contexts.1.context.version": { contexts: [{ since: 1, context: context(2) }, { since: 2, context: context(2) }] },
  "contexts.0.context.sessionId": { contexts: [{ since: 1, context: { ...context(1), sessionId: other } }] }
}

const check = (record: SessionExport) =>
  Either.mapLeft(Schema.validateEither(SessionRecord)(record), InvalidRequest.fromParseError)

describe("SessionRecord", () => {
  it("accepts consistent records", () => {
    assert.isTrue(Either.isRight(check(good)))
    const joined = turn("t2", 2, { joined: TurnId.make("t1"), promptSeq: 3, replySeq: 2 })
    assert.isTrue(Either.isRight(check({ ...good, turns: [...good.turns, joined] })))
  })

  it.each(Object.entries(wrong))("refuses an invalid %s and names its path", (path, over) => {
    const error = Either.getOrThrow(Either.flip(check({ ...good, ...over })))
    assert.strictEqual(error.path.join("."), path)
  })

  it.each([["lastSeq", 2 ** 41], ["lastOrdinal", 2 ** 41], ["lastSeq", -1]])("refuses a %s of %d", (name, value) => {
    const error = Either.getOrThrow(Either.flip(check({ ...good, [name]: value })))
    assert.deepStrictEqual(error.path, [name])
  })
})
