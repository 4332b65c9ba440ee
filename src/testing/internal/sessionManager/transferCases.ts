import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { SessionId } from "../../../domain/Ids.js"
import { encodeLine } from "../../../domain/SessionLines.js"
import type { ExportSessions } from "../../../domain/Transfer.js"
import { type ContractCase, contractCase, failsWith, type Stage } from "./contractCase.js"

const aMinuteAgo = Effect.map(DateTime.now, DateTime.subtract({ minutes: 1 }))

const idsOf = (sessions: Stage["sessions"], query: typeof ExportSessions.Encoded) =>
  Effect.map(Stream.runCollect(sessions.exportSessions(query)), (all) => [...all].map(({ session }) => session.id))

/**
 * Exporting, importing, erasing and cleaning up sessions.
 */
export const transferCases: ReadonlyArray<ContractCase> = [
  contractCase(
    "exports all sessions that match, newest first",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const started = yield* Effect.replicateEffect(start(), 3)
        const [first] = started
        yield* first?.archive ?? Effect.void
        assert.deepEqual(yield* idsOf(sessions, { userId }), started.map(({ id }) => id).toReversed())
        assert.deepEqual(yield* idsOf(sessions, { userId, status: "archived" }), [first?.id])
        yield* failsWith("InvalidRequest", idsOf(sessions, { userId: "" }))
      })
  ),

  contractCase(
    "imports a deleted session and reports existing ones as unchanged",
    ({ sessions, start }) =>
      Effect.gen(function*() {
        const session = yield* start()
        yield* session.send({ content: "remember me", key: "the-key" })
        const record = yield* session.export
        yield* session.delete
        const outcome = { recordId: session.id, sessionId: session.id }
        assert.deepEqual(yield* sessions.importSession(record), { ...outcome, outcome: "imported" })
        assert.deepEqual(yield* sessions.importSession(record), { ...outcome, outcome: "unchanged" })
        assert.equal(yield* encodeLine(yield* session.export), yield* encodeLine(record))

        // An imported session continues like any other.
        yield* session.send({ content: "remember me", key: "the-key" })
        assert.equal((yield* session.messages()).items.length, 2)
        yield* session.send("and me")
        assert.deepEqual((yield* session.messages()).items.map(({ seq }) => seq), [1, 2, 3, 4])
        assert.deepEqual(yield* sessions.importSession(record), { ...outcome, outcome: "conflict" })
        assert.equal((yield* session.messages()).items.length, 4)
      })
  ),

  contractCase(
    "imports a session under new ids, the same on each run",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const session = yield* start()
        yield* session.send("hello")
        const fork = yield* session.fork()
        const records = [yield* session.export, yield* fork.export]
        const importAll = (namespace?: string) =>
          Effect.map(
            Stream.runCollect(
              sessions.importSessions(Stream.fromIterable(records), {
                ids: "renumber",
                ...(namespace !== undefined && { namespace })
              })
            ),
            (all) => [...all]
          )
        const first = yield* importAll()
        assert.deepEqual(first.map(({ outcome }) => outcome), ["imported", "imported"])
        assert.deepEqual((yield* importAll()).map(({ outcome }) => outcome), ["unchanged", "unchanged"])
        const second = yield* importAll("11111111-2222-4333-8444-555555555555")
        assert.deepEqual(second.map(({ outcome }) => outcome), ["imported", "imported"])
        assert.equal(new Set([...first, ...second].map(({ sessionId }) => sessionId)).size, 4)

        const copy = sessions.session(first[1]?.sessionId ?? session.id)
        const { forkedFrom } = yield* copy.info
        assert.equal(forkedFrom?.sessionId, first[0]?.sessionId)
        const [question, answer] = (yield* copy.messages()).items
        assert.equal(question?.sessionId, copy.id)
        assert.notEqual(question?.id, records[1]?.messages[0]?.id)
        assert.equal(answer?.text, records[1]?.messages[1]?.text)
        assert.equal((yield* sessions.list(userId)).items.length, 6)
      })
  ),

  contractCase("imports a session larger than the limit of a call", ({ sessions, start }) =>
    Effect.gen(function*() {
      const session = yield* start({ config: { providerConfig: { pattern: "ok" } } })
      yield* Effect.forEach(
        ["\"\\", "漢字", "🧵"],
        (text) => session.sendSystem(text.repeat(250_000 / text.length)),
        { discard: true }
      )
      const record = yield* session.export
      yield* session.delete
      assert.equal((yield* sessions.importSession(record)).outcome, "imported")
      assert.equal(yield* encodeLine(yield* session.export), yield* encodeLine(record))
    })),

  contractCase(
    "refuses an inconsistent record and names the wrong field",
    ({ sessions, start }) =>
      Effect.gen(function*() {
        const session = yield* start()
        yield* session.send("hello")
        const record = yield* session.export
        yield* session.delete
        const other = { ...record, metrics: { ...record.metrics, sessionId: SessionId.make("another") } }
        const one = yield* failsWith("InvalidRequest", sessions.importSession(other))
        assert.deepEqual(one.path, ["metrics", "sessionId"])
        const imported = sessions.importSessions(Stream.make(record, { ...record, lastSeq: 1 }))
        const many = yield* failsWith("InvalidRequest", Stream.runDrain(imported))
        assert.deepEqual(many.path, ["record 2", "messages", "1", "seq"])
        yield* failsWith("InvalidRequest", sessions.importSession(record, { namespace: "no uuid" }))
        assert.equal((yield* sessions.importSession(record)).outcome, "unchanged")
      })
  ),

  contractCase(
    "erases a user and keeps messages shared with others",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const session = yield* start()
        const reply = yield* session.send("hello")
        yield* session.send("only mine")
        const fork = yield* session.fork({ at: reply.id, userId: `other-${userId}` })
        yield* (yield* start()).archive
        const held = Number((yield* session.info).cursor !== undefined)
        const receipt = yield* sessions.eraseUser(userId)
        assert.deepEqual(
          { ...receipt, at: undefined },
          {
            userId,
            at: undefined,
            sessions: 2,
            messages: 2,
            turns: 2,
            sharedMessages: 2,
            rollupDays: 1,
            providerCopies: { removed: held, failed: 0 }
          }
        )
        assert.deepEqual((yield* sessions.list(userId)).items, [])
        yield* failsWith("SessionNotFound", session.info)
        assert.equal((yield* fork.messages()).items.length, 2)
        const again = yield* sessions.eraseUser(userId)
        assert.deepEqual([again.sessions, again.messages, again.sharedMessages, again.rollupDays], [0, 0, 0, 0])
        yield* failsWith("InvalidRequest", sessions.eraseUser(""))
      })
  ),

  contractCase(
    "cleans up inactive sessions only",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const session = yield* start()
        yield* session.send("hello")
        const before = yield* aMinuteAgo
        const record = yield* session.export
        yield* session.delete
        const long = DateTime.subtract(before, { days: 3650 })
        const restore = (name: string) =>
          sessions.importSession({
            ...record,
            session: { ...record.session, lastActivityAt: long, config: { name } }
          }, { ids: "renumber", namespace: record.session.id })
        const { sessionId } = yield* restore("rests")
        const olderThan = { before: DateTime.add(long, { millis: 1 }) }

        const found = yield* sessions.cleanup({ ...olderThan, dryRun: true })
        assert.deepEqual(found, { action: "delete", sessions: [sessionId], skipped: [], more: false })
        assert.deepEqual((yield* sessions.cleanup({ before: long })).sessions, [])
        assert.deepEqual((yield* sessions.cleanup({ ...olderThan, status: "error" })).sessions, [])
        const archived = yield* sessions.cleanup({ ...olderThan, action: "archive" })
        assert.deepEqual([archived.action, archived.sessions], ["archive", [sessionId]])
        assert.equal((yield* sessions.session(sessionId).info).status, "archived")
        assert.deepEqual((yield* sessions.cleanup({ ...olderThan, action: "archive" })).sessions, [])
        assert.deepEqual((yield* sessions.cleanup({ ...olderThan, status: "archived" })).sessions, [sessionId])
        yield* failsWith("SessionNotFound", sessions.session(sessionId).info)
        assert.deepEqual((yield* sessions.list(userId)).items, [])

        yield* failsWith("InvalidRequest", sessions.cleanup({}))
        yield* failsWith("InvalidRequest", sessions.cleanup({ before, olderThan: "1 day" }))
        yield* failsWith("InvalidRequest", sessions.cleanup({ before, limit: 10_001 }))
        assert.equal((yield* sessions.cleanup({ olderThan: "9999 weeks", limit: 10_000 })).more, false)
      })
  )
]
