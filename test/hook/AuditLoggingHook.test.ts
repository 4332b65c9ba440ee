// A hook may fail with any error.
// @effect-diagnostics anyUnknownInErrorContext:off
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import * as AuditLoggingHook from "../../src/layers/hook/AuditLoggingHook.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import { HookBus } from "../../src/services/HookBus.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { now, session } from "../domain/conversation.js"
import { temporaryFile } from "../store/temporaryFile.js"
import { created, deleted, errored, failed, received, sent } from "./events.js"

const entriesWith = (options: { readonly content?: boolean }, ...events: ReadonlyArray<typeof created>) =>
  Effect.gen(function*() {
    const entries: Array<AuditLoggingHook.AuditEntry> = []
    const { on } = yield* AuditLoggingHook.make({
      ...options,
      sink: (entry) => Effect.sync(() => entries.push(entry))
    })
    yield* Effect.forEach(events, on)
    return entries
  })

describe("AuditLoggingHook", () => {
  it.effect("writes what happened to which session and its owner, without text", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(SessionStore, (store) => store.create(session, makeSessionContext(session.id, now)))
      const entries = yield* entriesWith({}, sent("canary"), received(1), failed, errored, deleted)
      const place = { at: "1970-01-01T00:00:00.000Z", sessionId: "session", number: 1, userId: "ada" }
      assert.deepStrictEqual<unknown>(entries, [
        { ...place, action: "MessageSent", messageId: "message-1", role: "user" },
        { ...place, action: "MessageReceived", messageId: "message-2", role: "assistant" },
        { ...place, action: "TurnFailed", turnId: "turn", error: "ProviderTransient" },
        { ...place, action: "SessionErrored" },
        { ...place, action: "SessionDeleted", provider: "mock" }
      ])
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("knows the user of a session from its creation, and none of a deleted session", () =>
    Effect.gen(function*() {
      const [unknown] = yield* entriesWith({}, sent("hello"))
      assert.isNull(unknown?.userId)
      const [first, second] = yield* entriesWith({}, created, sent("hello"))
      assert.deepInclude(first, { userId: session.userId, model: "mock-model" })
      assert.strictEqual(second?.userId, "ada")
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("writes text with content: true", () =>
    Effect.gen(function*() {
      const [entry] = yield* entriesWith({ content: true }, sent("hello"))
      assert.strictEqual(entry?.text, "hello")
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.scopedLive("appends one line per event to a file with mode 0600", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const path = yield* temporaryFile
      const layer = AuditLoggingHook.layerFile({ path, content: true }).pipe(
        Layer.provideMerge(Layer.merge(HookBus.layer(), MemorySessionStore.layer()))
      )
      const tell = Effect.gen(function*() {
        const bus = yield* HookBus
        yield* bus.publish(sent("hello\n{\"action\":\"SessionDeleted\"}\r\u2028"))
        yield* bus.flush
      }).pipe(Effect.provide(layer))
      yield* tell
      yield* tell
      const lines = (yield* files.readFileString(path)).split("\n")
      assert.strictEqual(lines.pop(), "")
      assert.deepStrictEqual(lines.map((line) => JSON.parse(line).action), ["MessageSent", "MessageSent"])
      assert.strictEqual((yield* files.stat(path)).mode & 0o777, 0o600)
    }).pipe(Effect.provide(NodeContext.layer)))
})
