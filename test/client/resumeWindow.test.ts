import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { resumeWindow } from "../../src/client/internal/remoteOperations.js"
import { Disconnected, ServerBusy, ShuttingDown } from "../../src/domain/error/RequestError.js"
import { SessionNotFound } from "../../src/domain/error/SessionError.js"
import { sessionId } from "../domain/conversation.js"

const cut = new Disconnected({ reason: "it broke", sent: true })
const never = new Disconnected({ reason: "nothing listens", sent: false })
const closing = new ShuttingDown({ sessionId })
const busy = new ServerBusy({ reason: "it has no room", retryAfterMs: 4_000 })
const gone = new SessionNotFound({ sessionId })

type Answer = Disconnected | ServerBusy | SessionNotFound | ShuttingDown | string

/** Gives one answer per call, repeats the last one, and counts the calls. */
const answering = (...answers: ReadonlyArray<Answer>) => {
  let calls = 0
  const call = Effect.suspend(() => {
    const answer = answers[Math.min(calls++, answers.length - 1)] ?? ""
    return typeof answer === "string" ? Effect.succeed(answer) : Effect.fail(answer)
  })
  return { call, calls: () => calls }
}

const resume = resumeWindow("30 seconds")

describe("resumeWindow", () => {
  it.effect.each<{ readonly what: string; readonly answers: ReadonlyArray<Answer>; readonly calls: number }>([
    { what: "that succeeds", answers: ["yes"], calls: 1 },
    { what: "that fails on the server", answers: [gone], calls: 1 },
    { what: "that never reached the server", answers: [never], calls: 1 },
    { what: "that a stopping server refuses", answers: [closing], calls: 1 },
    { what: "that a busy server refuses", answers: [busy], calls: 1 },
    { what: "whose connection broke", answers: [cut, "yes"], calls: 2 },
    { what: "whose server returned and was busy", answers: [cut, never, busy, busy, "yes"], calls: 5 },
    { what: "whose server returned after a while", answers: [cut, never, never, closing, "yes"], calls: 5 },
    { what: "whose connection broke and which then fails on the server", answers: [cut, never, gone], calls: 3 }
  ])("repeats a call $what as often as needed", ({ answers, calls }) =>
    Effect.gen(function*() {
      const server = answering(...answers)
      const fiber = yield* Effect.fork(Effect.either(resume.call(server.call)))
      yield* TestClock.adjust("20 seconds")
      const last = answers.at(-1)
      const answer = yield* Fiber.join(fiber)
      assert.deepStrictEqual(answer._tag === "Right" ? answer.right : answer.left, last)
      assert.strictEqual(server.calls(), calls)
    }))

  it.effect("asks a busy server again no sooner than it says, and not after the retry window", () =>
    Effect.gen(function*() {
      const server = answering(cut, busy, "yes")
      const fiber = yield* Effect.fork(resume.call(server.call))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(server.calls(), 2)
      yield* TestClock.adjust("2900 millis")
      assert.strictEqual(server.calls(), 2)
      yield* TestClock.adjust("1100 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "yes")

      const later = new ServerBusy({ reason: "it has no room", retryAfterMs: 31_000 })
      const closed = answering(cut, later)
      const failed = yield* Effect.fork(Effect.flip(resume.call(closed.call)))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(failed), later)
      assert.strictEqual(closed.calls(), 2)
    }))

  it.effect("stops retrying after the retry window", () =>
    Effect.gen(function*() {
      const server = answering(cut)
      const fiber = yield* Effect.fork(Effect.flip(resume.call(server.call)))
      yield* TestClock.adjust("25 seconds")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), cut)
      const { length } = Array.from({ length: server.calls() })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(server.calls(), length)
    }))

  it.effect.each<{ readonly what: string; readonly ends: ReadonlyArray<Disconnected | ServerBusy | ShuttingDown> }>([
    { what: "whose server returned and was busy", ends: [cut, busy] },
    { what: "whose connection broke", ends: [cut] },
    { what: "whose server stopped while it ran", ends: [closing] },
    { what: "that was cut off twice", ends: [cut, closing] }
  ])("continues a stream $what", ({ ends }) =>
    Effect.gen(function*() {
      const parts = ends.map((end, index) => Stream.concat(Stream.make(index), Stream.fail(end)))
      const connections = [...parts.flatMap((part) => [part, Stream.fail(never)]), Stream.make(9)]
      const stream = resume.stream<number, Disconnected | ServerBusy | ShuttingDown>(() =>
        connections.shift() ?? Stream.empty
      )
      const fiber = yield* Effect.fork(Stream.runCollect(stream))
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(Array.from(yield* Fiber.join(fiber)), [...ends.keys(), 9])
    }))

  it.effect("does not retry a stream that never reached the server, or whose session no longer exists", () =>
    Effect.gen(function*() {
      for (const error of [never, closing, busy, gone]) {
        let connections = 0
        const stream = resume.stream<number, Disconnected | ServerBusy | SessionNotFound | ShuttingDown>(() => {
          connections++
          return Stream.fail(error)
        })
        assert.deepStrictEqual(yield* Effect.flip(Stream.runDrain(stream)), error)
        assert.strictEqual(connections, 1)
      }
    }))
})
