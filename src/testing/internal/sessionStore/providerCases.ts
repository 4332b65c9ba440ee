import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import assert from "node:assert/strict"
import { SessionEvent } from "../../../domain/Events.js"
import { Message } from "../../../domain/Message.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import { SessionInfo } from "../../../domain/Session.js"
import { Turn } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"
import {
  answeredAttempt,
  at,
  createSession,
  failedAttempt,
  forkSession,
  messageOf,
  ownSession,
  target,
  turnOf
} from "./samples.js"
import { assertSame, conformanceCase } from "./suite.js"

/**
 * Provider calls, usage and configuration.
 */
export const providerCases = [
  conformanceCase(
    "keeps the provider calls of a turn with their outcomes",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const trying = turnOf(id, 1, { status: "calling", attempt: 2, fallback: target, attempts: [failedAttempt] })
      const { fallback: _, ...tried } = trying
      const answered: Turn = { ...tried, status: "completed", attempts: [failedAttempt, answeredAttempt] }
      const atOnce = turnOf(id, 2, { status: "completed", attempts: [answeredAttempt] })
      for (const turn of [trying, answered, atOnce]) {
        yield* store.commit(id, epoch, { turns: [turn] })
        assertSame(Turn, Option.getOrThrow(yield* store.turn(id, turn.id)), turn)
      }
    })
  ),

  conformanceCase(
    "keeps the usage of a reply and its opaque parts",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const messages = [
        messageOf(id, 1),
        messageOf(id, 2, {
          usage: { inputTokens: 30, outputTokens: 20, cacheWriteTokens: 5, reasoningTokens: 1 },
          parts: [
            { _tag: "Opaque", provider: "mock", kind: "thinking", data: "{\"signature\":\"\\ud800\"}", text: "Hm" },
            { _tag: "Opaque", provider: "mock", kind: "redacted", data: "{}" },
            { _tag: "Text", text: "Yes" }
          ]
        })
      ]
      yield* store.commit(id, epoch, { messages })
      for (const message of messages) assertSame(Message, yield* store.message(id, message.id), message)
    })
  ),

  conformanceCase(
    "returns the current configuration and keeps the original one in the creation event",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const config = { name: "one", tags: ["kept"], providerConfig: { temperature: 0.5 } }
      const session = yield* createSession({ config })
      const { epoch, id } = { ...(yield* store.open(session.id, 0)), id: session.id }
      const configuration = { ...target, config: { ...config, providerConfig: { a: "\"b\"" }, fallbacks: [target] } }
      yield* store.commit(id, epoch, { configuration })
      yield* store.commit(id, epoch, { configuration: { ...configuration, model: "a third" } })
      const now = { ...session, ...configuration, model: "a third" }
      assertSame(SessionInfo, yield* store.get(id), now)
      assertSame(SessionInfo, (yield* store.open(id, 0)).session, now)
      assert.equal((yield* store.list({ provider: target.provider, userId: session.userId })).items.length, 1)
      assert.equal((yield* store.list({ provider: "mock", userId: session.userId })).items.length, 0)
      const [created] = yield* store.events(id, 0, 1)
      assert.ok(created)
      assertSame(SessionEvent, created, { _tag: "SessionCreated", sessionId: id, number: 1, at: at(0), session })
    })
  ),

  conformanceCase(
    "keeps the provider's cursor until it is removed, and gives a fork none",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(2)
      const cursor: ProviderCursor = { provider: "mock", value: "conversation \"1\"", seq: 2 }
      const cursorOf = Effect.map(store.get(id), (session) => session.cursor)
      assert.equal(yield* cursorOf, undefined)
      yield* store.commit(id, epoch, { cursor })
      yield* store.commit(id, epoch, { lastActivityAt: at(9) })
      assert.deepEqual(yield* cursorOf, cursor)
      assert.deepEqual((yield* store.open(id, 0)).session.cursor, cursor)
      const fork = yield* forkSession(id, 2)
      assert.equal((yield* store.get(fork.id)).cursor, undefined)
      const [created] = yield* store.events(id, 0, 1)
      assert.ok(created?._tag === "SessionCreated" && created.session.cursor === undefined)
      const { epoch: later } = yield* store.open(id, 0)
      yield* store.commit(id, later, { cursor: null })
      assert.equal(yield* cursorOf, undefined)
    })
  )
]
