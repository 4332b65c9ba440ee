import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, FastCheck, Fiber, TestClock } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { listening } from "./listening.js"
import { script, shown } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

const within = (content: string, timeout: Duration.DurationInput) => ({ content, timeout })

describe("a turn's deadline", () => {
  it.scoped("ends it while it waits: nothing enters the history, and its record keeps the prompt", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* script(reply)
      const running = yield* Effect.fork(session.send("one"))
      yield* asked
      const waiting = yield* Effect.fork(session.send(within("two", "10 seconds")))
      yield* Effect.yieldNow()
      yield* TestClock.adjust("9999 millis")
      assert.lengthOf(yield* session.pending, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiting)))._tag, "DeadlineExceeded")
      assert.deepStrictEqual(yield* session.pending, [])
      yield* open
      yield* Fiber.join(running)
      const [late] = yield* session.turns
      assert.deepStrictEqual([late?.status, late?.error?._tag, late?.attempt], ["failed", "DeadlineExceeded", 0])
      assert.deepStrictEqual(late?.prompt?.parts, [{ _tag: "Text", text: "two" }])
      assert.deepStrictEqual(yield* texts(session.id), ["one", "first"])
      assert.deepStrictEqual(yield* shown, [["one"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("closes its provider call, keeps the partial reply, and counts from the acceptance", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      const second = yield* spokenReply
      yield* script(reply, second.reply)
      yield* Effect.fork(session.send("one"))
      yield* asked
      const late = yield* listening(session.stream(within("two", "10 seconds")))
      yield* late.until(({ _tag }) => _tag === "TurnAccepted")
      yield* TestClock.adjust("9 seconds")
      yield* open
      yield* second.say("half")
      yield* late.until(({ _tag }) => _tag === "TurnDelta")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(late.end))._tag, "DeadlineExceeded")
      yield* second.closed
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]).slice(2), [
        [undefined, "two"],
        ["cut", "half"]
      ])
      const [turn] = yield* session.turns
      assert.deepStrictEqual([turn?.status, turn?.error?._tag, turn?.replySeq], ["failed", "DeadlineExceeded", 4])
      assert.strictEqual((yield* session.send("three")).text, "You said: three")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is capped at the host's maximum", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { host } = yield* anotherHost({ maxTurnTime: "1 minute" })
      const { asked, closed, reply } = yield* gatedReply("never")
      yield* script(reply)
      const send = yield* Effect.fork(host.send(session.id, { content: "one", timeout: Duration.hours(1) }))
      yield* asked
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(Fiber.join(send)))._tag, "DeadlineExceeded")
      yield* closed
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is the host's maximum for a turn that was sent without one", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { host } = yield* anotherHost({ idleAfter: "10 seconds", maxTurnTime: "1 minute" })
      const { asked, closed, reply } = yield* gatedReply("never")
      yield* script(reply)
      const send = yield* Effect.fork(host.send(session.id, { content: "one" }))
      yield* asked
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["calling"])
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Effect.flip(Fiber.join(send)))._tag, "DeadlineExceeded")
      yield* closed
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("survives a restart, and the provider is not called after it", () =>
    Effect.gen(function*() {
      const session = yield* start
      const old = yield* gatedReply("lost")
      const other = yield* gatedReply("never")
      yield* script(old.reply)
      yield* Effect.fork(session.send("lost"))
      yield* old.asked
      yield* session.submit(within("over", "10 seconds"))
      yield* session.submit({ ...within("asked again", "20 seconds"), onUnknown: "retry" })
      const scriptLater = script(other.reply)
      // The first turn's deadline passes before another host opens the session, so its own host must not report it.
      const store = yield* SessionStore
      yield* store.open(session.id, 0)
      yield* TestClock.adjust("15 seconds")
      yield* scriptLater
      yield* anotherHost()
      yield* other.asked
      assert.deepStrictEqual(yield* shown, [["lost"], ["lost", "asked again"]])
      const statuses = Effect.map(session.turns, (turns) => turns.map(({ error, status }) => [status, error?._tag]))
      assert.deepStrictEqual(yield* statuses, [
        ["calling", undefined],
        ["failed", "DeadlineExceeded"],
        ["interrupted", "TurnInterrupted"]
      ])
      yield* TestClock.adjust("5 seconds")
      yield* other.closed
      yield* Effect.flatMap(MockProvider, (mock) => mock.requests)
      assert.deepStrictEqual((yield* statuses)[0], ["failed", "DeadlineExceeded"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("row 60: is refused or capped for an absurd timeout", () =>
    Effect.gen(function*() {
      const session = yield* start
      const absurd = [0, -1, -1e18, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (const timeout of absurd) {
        const error = yield* Effect.flip(session.send(within("hi", timeout)))
        assert(error._tag === "InvalidRequest", `${timeout}`)
        assert.deepStrictEqual(error.path, ["timeout"])
      }
      assert.deepStrictEqual(yield* session.turns, [])
      const timeouts = FastCheck.sample(FastCheck.double({ min: 1, max: 1e300, noNaN: true }), 30)
      for (const timeout of [1e18, Number.MAX_VALUE, ...timeouts]) {
        const { turnId } = yield* session.submit(within("hi", timeout))
        const turn = (yield* session.turns).find(({ id }) => id === turnId)
        assert.isAtMost(Number(turn?.deadlineAt?.epochMillis), 600_000)
        assert.isAtLeast(Number(turn?.deadlineAt?.epochMillis), 0)
      }
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
