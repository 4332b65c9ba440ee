import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import type { Page } from "../../../domain/Page.js"
import type { SessionInfo } from "../../../domain/Session.js"
import { type ContractCase, contractCase, failsWith, sessionCase } from "./contractCase.js"

const idsOf = ({ items }: Page<SessionInfo>) => items.map(({ id }) => id)

/**
 * Creating, finding, changing and removing sessions.
 */
export const lifecycleCases: ReadonlyArray<ContractCase> = [
  contractCase(
    "creates a session with the given values and finds it by id",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const { id } = yield* start({
          config: {
            name: "A talk",
            tags: ["a", "b"],
            autoArchiveAfter: "7 days",
            providerConfig: { pattern: "{input}" }
          },
          context: { user: { name: "Ada" } }
        })
        const session = yield* sessions.get(id)
        const info = yield* session.info
        assert.equal(info.id, id)
        assert.equal(info.userId, userId)
        assert.equal(info.status, "active")
        assert.equal(info.messageCount, 0)
        assert.deepEqual(info.config.tags, ["a", "b"])
        assert.deepEqual(info.config.providerConfig, { pattern: "{input}" })
        const context = yield* session.context
        assert.deepEqual(context.user, { name: "Ada" })
        assert.equal(context.version, 1)
      })
  ),

  contractCase(
    "lists a user's sessions page by page, newest first, each once",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const started = yield* Effect.replicateEffect(start(), 5)
        const first = yield* sessions.list(userId, { limit: 2 })
        assert.equal(first.items.length, 2)
        const second = yield* sessions.list(userId, { limit: 2, ...(first.next && { cursor: first.next }) })
        const third = yield* sessions.list(userId, { limit: 2, ...(second.next && { cursor: second.next }) })
        assert.equal(third.next, undefined)
        const listed = [first, second, third].flatMap(idsOf)
        assert.deepEqual(listed, started.map(({ id }) => id).toReversed())
      })
  ),

  contractCase(
    "returns the latest session that accepts messages or creates one",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const wanted = { userId, provider: "mock", model: "mock-model" }
        const first = yield* sessions.getOrCreate({ ...wanted, context: { user: { name: "Ada" } } })
        assert.deepEqual((yield* first.context).user, { name: "Ada" })
        assert.equal((yield* sessions.getOrCreate(wanted)).id, first.id)

        const second = yield* start()
        yield* start({ model: "another-model" })
        yield* start({ userId: `not-${userId}` })
        assert.equal((yield* sessions.getOrCreate(wanted)).id, second.id)
        yield* second.archive
        assert.equal((yield* sessions.getOrCreate(wanted)).id, first.id)
        yield* first.archive
        const third = yield* sessions.getOrCreate(wanted)
        assert.deepEqual(idsOf(yield* sessions.list(userId, { status: "active" })).slice(0, 1), [third.id])
        assert.ok(![first.id, second.id].includes(third.id))
      })
  ),

  contractCase("returns one session to concurrent callers", ({ sessions, userId }) =>
    Effect.gen(function*() {
      const asked = yield* Effect.replicateEffect(
        sessions.getOrCreate({ userId, provider: "mock", model: "mock-model" }),
        20,
        { concurrency: "unbounded" }
      )
      assert.equal(new Set(asked.map(({ id }) => id)).size, 1)
      assert.equal((yield* sessions.list(userId)).items.length, 1)
    })),

  contractCase("filters sessions by their fields", ({ sessions, start, userId }) =>
    Effect.gen(function*() {
      const plain = yield* start()
      const tagged = yield* start({ config: { tags: ["red", "blue"] } })
      yield* plain.archive
      assert.deepEqual(idsOf(yield* sessions.search({ userId, tags: ["blue"] })), [tagged.id])
      assert.deepEqual(idsOf(yield* sessions.search({ userId, tags: ["blue", "green"] })), [])
      assert.deepEqual(idsOf(yield* sessions.search({ userId, status: "archived" })), [plain.id])
      assert.deepEqual(idsOf(yield* sessions.search({ userId, provider: "mock" })), [tagged.id, plain.id])
      assert.deepEqual(idsOf(yield* sessions.search({ userId, since: "2999-01-01T00:00:00Z" })), [])
    })),

  sessionCase("merges a patch into the context as a new version", (session) =>
    Effect.gen(function*() {
      yield* session.updateContext({ user: { name: "Ada", level: 3 }, conversation: { topic: "verse" } })
      const updated = yield* session.updateContext({ user: { level: null, tags: ["x"] } })
      assert.deepEqual(updated.user, { name: "Ada", tags: ["x"] })
      assert.deepEqual(updated.conversation, { topic: "verse" })
      assert.equal(updated.version, 3)
      assert.deepEqual(yield* session.context, updated)
    })),

  sessionCase("makes an archived session read-only", (session) =>
    Effect.gen(function*() {
      yield* session.send("before")
      yield* session.archive
      const error = yield* failsWith("SessionStateError", session.send("after"))
      assert.equal(error.sessionId, session.id)
      assert.equal(error.status, "archived")
      const [{ id: first } = { id: "" }] = (yield* session.messages()).items
      yield* failsWith("SessionStateError", session.sendSystem("after"))
      yield* failsWith("SessionStateError", session.clear)
      yield* failsWith("SessionStateError", session.rewind({ to: first }))
      yield* failsWith("SessionStateError", session.updateContext({ user: { after: true } }))
      assert.equal((yield* session.messages()).items.length, 2)
    })),

  sessionCase(
    "removes a deleted session with all of its data",
    (session, { sessions, userId }) =>
      Effect.gen(function*() {
        yield* session.send("hello")
        yield* session.delete
        assert.equal((yield* failsWith("SessionNotFound", session.info)).sessionId, session.id)
        yield* failsWith("SessionNotFound", session.messages())
        yield* failsWith("SessionNotFound", session.send("are you there?"))
        assert.deepEqual((yield* sessions.list(userId)).items, [])
      })
  ),

  sessionCase("exports the whole session", (session) =>
    Effect.gen(function*() {
      const reply = yield* session.send({ content: "remember me", metadata: { nested: { list: [1, null, "x"] } } })
      const document = yield* session.export
      assert.equal(document.format, "langswarm-session/1")
      // An export excludes the provider's own copy of the conversation, because two sessions must not use the same one.
      const { cursor: _, ...info } = yield* session.info
      assert.deepEqual(document.session, info)
      assert.deepEqual(document.contexts.at(-1)?.context, yield* session.context)
      assert.deepEqual(document.metrics, yield* session.metrics)
      assert.deepEqual(document.messages.map(({ role }) => role), ["user", "assistant"])
      assert.deepEqual(document.messages[0]?.metadata, { nested: { list: [1, null, "x"] } })
      assert.deepEqual(document.messages[1], reply)
    })),

  sessionCase("reports its health", (_, { sessions }) =>
    Effect.gen(function*() {
      const health = yield* sessions.health
      assert.equal(health.status, "ok")
      assert.equal(health.readiness, "ready")
      assert.ok(health.providers.includes("mock"))
      assert.ok(health.store.sessions >= 1)
    }))
]
