import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { ProviderTransient } from "../../../domain/error/ProviderError.js"
import { MessageId, type SessionId, TurnId } from "../../../domain/Ids.js"
import { FinishReason, Message, type MessageQuery, type Part } from "../../../domain/Message.js"
import { Turn } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, messageOf, messagesOf, ownSession, turnOf } from "./samples.js"
import { assertFails, assertSame, conformanceCase } from "./suite.js"

const parts: ReadonlyArray<Part> = [
  { _tag: "Text", text: "emoji 👩‍👩‍👧‍👦, NUL \0, bidi \u202Eabc\u202C, BOM \uFEFF, replacement \uFFFD, ' \" \\ \n \r\n" },
  { _tag: "Text", text: "x".repeat(256 * 1024) },
  { _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: "AAAA" } },
  { _tag: "File", name: "notes\0.txt", mediaType: "text/plain", source: { _tag: "Remote", url: "https://x.test/a" } },
  { _tag: "ToolCall", id: "c1", name: "search", arguments: { q: ["a", { b: null }], "odd key\0": 1e-7 } },
  { _tag: "ToolResult", id: "c1", result: "", isError: true }
]

const seqs = (id: SessionId, query: MessageQuery) =>
  Effect.map(
    Effect.flatMap(SessionStore, (store) => store.messages(id, query)),
    ({ items, next }) => ({ seqs: items.map(({ seq }) => seq), next })
  )

/**
 * Reading messages and turns.
 */
export const historyCases = [
  conformanceCase(
    "returns each message as it was committed, whatever its content",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const plain = messageOf(id, 1)
      const full = messageOf(id, 2, {
        turnId: TurnId.make(`${id}-t1`),
        parts,
        createdAt: at(0.001),
        metadata: { deep: { er: [[], {}, "", 0, false, null] }, big: "y".repeat(60_000) },
        providerMessageId: "msg_1",
        providerMetadata: { model: "m" },
        usage: { inputTokens: 3, outputTokens: 0 },
        processingTimeMs: 12.5
      })
      const endings = FinishReason.literals.map((finishReason, index) => messageOf(id, 3 + index, { finishReason }))
      const all = [plain, full, ...endings]
      yield* store.commit(id, epoch, { messages: all })
      const { items } = yield* store.messages(id, {})
      assert.equal(items.length, all.length)
      for (const [index, message] of all.entries()) {
        const read = items[index]
        assert.ok(read instanceof Message)
        assertSame(Message, read, message)
        assertSame(Message, yield* store.message(id, message.id), message)
      }
    })
  ),

  conformanceCase(
    "finds a message by its id in its own session only",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* ownSession(2)
      const other = yield* ownSession(1)
      yield* assertFails("MessageNotFound", store.message(id, MessageId.make("none")))
      yield* assertFails("MessageNotFound", store.message(id, messageOf(other.id, 1).id))
    })
  ),

  conformanceCase(
    "pages through a growing history in both orders",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(5)
      const oldest = yield* seqs(id, { limit: 3 })
      assert.deepEqual(oldest.seqs, [1, 2, 3])
      const newest = yield* seqs(id, { limit: 3, order: "newest" })
      assert.deepEqual(newest.seqs, [5, 4, 3])
      assert.ok(oldest.next && newest.next)

      yield* store.commit(id, epoch, { messages: messagesOf(id, 6, 6) })
      assert.deepEqual(yield* seqs(id, { limit: 3, cursor: oldest.next }), { seqs: [4, 5, 6], next: undefined })
      assert.deepEqual(yield* seqs(id, { limit: 2, order: "newest", cursor: newest.next }), {
        seqs: [2, 1],
        next: undefined
      })
    })
  ),

  conformanceCase(
    "returns 50 messages per page by default",
    Effect.gen(function*() {
      const { id } = yield* ownSession(51)
      const { next, seqs: first } = yield* seqs(id, {})
      assert.deepEqual(first, Array.from({ length: 50 }, (_, index) => index + 1))
      assert.ok(next)
      assert.deepEqual((yield* seqs(id, { cursor: next })).seqs, [51])
    })
  ),

  conformanceCase(
    "filters messages by role and time, even after the clock was set back",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const seconds = [1, 2, 9, 4, 5, 6]
      const roles = ["system", "user", "assistant", "user", "tool", "assistant"] as const
      yield* store.commit(id, epoch, {
        messages: roles.map((role, index) => messageOf(id, index + 1, { role, createdAt: at(seconds[index] ?? 0) }))
      })
      const finds = (query: MessageQuery, expected: ReadonlyArray<number>) =>
        Effect.map(seqs(id, query), ({ seqs }) => assert.deepEqual(seqs, expected))
      yield* finds({ role: "user" }, [2, 4])
      yield* finds({ role: "assistant", order: "newest" }, [6, 3])
      yield* finds({ role: "tool" }, [5])
      yield* finds({ since: at(5) }, [3, 5, 6])
      yield* finds({ since: at(5), order: "newest" }, [6, 5, 3])
      yield* finds({ since: at(5.001), role: "assistant" }, [3, 6])
      yield* finds({ since: at(10) }, [])
      yield* finds({ role: "system", since: at(2) }, [])

      const page = yield* seqs(id, { since: at(5), limit: 1 })
      assert.ok(page.next)
      yield* finds({ since: at(5), limit: 1, cursor: page.next }, [5])
    })
  ),

  conformanceCase(
    "lists turns in their current state, latest first",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const [first, second, third] = [turnOf(id, 1), turnOf(id, 2), turnOf(id, 3)]
      yield* store.commit(id, epoch, { turns: [first, second] })
      const { prompt: _, ...asked } = first
      const ended: Turn = {
        ...asked,
        status: "failed",
        startedAt: at(2),
        endedAt: at(3),
        promptSeq: 1,
        replySeq: 2,
        error: new ProviderTransient({ provider: "mock", reason: "overloaded" })
      }
      yield* store.commit(id, epoch, { turns: [ended, third] })
      const turns = yield* store.turns(id, 10)
      assert.equal(turns.length, 3)
      for (const [index, turn] of [third, second, ended].entries()) {
        const read = turns[index]
        assert.ok(read)
        assertSame(Turn, read, turn)
      }
      assert.deepEqual((yield* store.turns(id, 2)).map(({ ordinal }) => ordinal), [3, 2])
    })
  )
]
