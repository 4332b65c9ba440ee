import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, DateTime, Effect } from "effect"
import { MessageId, SessionId, UserId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import type { SessionInfo } from "../../src/domain/Session.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"

const moment = DateTime.unsafeMake(0)

const create = (name: string) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const id = SessionId.make(name)
    const session: SessionInfo = {
      id,
      userId: UserId.make("ada"),
      provider: "mock",
      model: "mock-model",
      status: "active",
      config: {},
      createdAt: moment,
      lastActivityAt: moment,
      messageCount: 0
    }
    yield* store.create(session, makeSessionContext(id, moment))
    const { epoch } = yield* store.open(id, 0)
    return { id, epoch }
  })

const message = (sessionId: SessionId, seq: number, text: string) =>
  new Message({
    id: MessageId.make(`m${seq}`),
    sessionId,
    seq,
    role: "user",
    parts: [{ _tag: "Text", text }],
    createdAt: moment,
    metadata: {}
  })

describe("MemorySessionStore", () => {
  it.effect("fails with Full at maxSessions, until a session is removed", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* create("one")
      yield* create("two")
      const error = yield* Effect.flip(create("three"))
      assert(error._tag === "StoreError")
      assert.strictEqual(error.reason, "Full")
      assert.include(error.message, "raise maxSessions")
      yield* store.remove(id, epoch)
      yield* create("three")
    }).pipe(Effect.provide(MemorySessionStore.layer({ maxSessions: 2 }))))

  it.effect("reads its options from Config", () =>
    Effect.gen(function*() {
      const { usage } = yield* MemorySessionStore
      assert.strictEqual((yield* usage).maxSessions, 7)
    }).pipe(
      Effect.provide(MemorySessionStore.layerConfig({ maxSessions: Config.integer("MAX_SESSIONS") })),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["MAX_SESSIONS", "7"]])))
    ))

  it.effect("reports its usage", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { usage } = yield* MemorySessionStore
      assert.deepStrictEqual(yield* usage, { sessions: 0, maxSessions: 1000, messages: 0, turns: 0, bytes: 0 })
      const { epoch, id } = yield* create("one")
      const empty = yield* usage
      const text = "x".repeat(1000)
      yield* store.commit(id, epoch, { messages: [message(id, 1, text), message(id, 2, text)] })
      const filled = yield* usage
      assert.deepInclude(filled, { sessions: 1, messages: 2, turns: 0 })
      assert.isAtLeast(filled.bytes, empty.bytes + 2000)
      assert.strictEqual((yield* store.health).bytes, filled.bytes)
      yield* store.commit(id, epoch, { clearMessages: true })
      assert.deepStrictEqual(yield* usage, empty)
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("removes all sessions with clear", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { clear, usage } = yield* MemorySessionStore
      const { epoch, id } = yield* create("one")
      yield* clear
      assert.strictEqual((yield* usage).sessions, 0)
      const error = yield* Effect.flip(store.commit(id, epoch, {}))
      assert.strictEqual(error._tag, "SessionNotFound")
    }).pipe(Effect.provide(MemorySessionStore.layer())))
})
