import { assert } from "@effect/vitest"
import { Array, Effect, Either, Fiber, Stream } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { start } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { memoryRuntime } from "./memoryRuntime.js"

/** Maximum sends that a session holds at a time. */
const capacity = 64

/**
 * Sends `count` messages to one session concurrently. Each gets an answer, as many are accepted as fit, and those keep their
 * order.
 */
export const floodOneSession = (count: number) =>
  Effect.gen(function*() {
    const session = yield* start
    const { open, reply } = yield* gatedReply("at last")
    yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
    const texts = Array.makeBy(count, (index) => `send ${index}`)
    const answers = yield* Effect.forEach(texts, (text) => Effect.either(session.submit(text)), {
      concurrency: "unbounded"
    })
    assert.lengthOf(answers.filter(Either.isRight), capacity)
    assert.deepStrictEqual(
      Array.dedupe(answers.filter(Either.isLeft).map(({ left }) => left._tag)),
      ["SessionBusy"]
    )
    yield* open
    yield* session.watch().pipe(
      Stream.filter(({ event }) => event._tag === "TurnCompleted"),
      Stream.take(capacity),
      Stream.runDrain
    )
    const { items } = yield* session.messages({ role: "user", limit: 100 })
    const accepted = texts.filter((_, index) => answers.slice(index, index + 1).some(Either.isRight))
    assert.deepStrictEqual(items.map(({ text }) => text), accepted)
  }).pipe(Effect.provide(SessionRuntime.layerTest()))

/**
 * Sends one message to each of `count` sessions concurrently. One of them waits for its provider; the others are answered.
 */
export const floodManySessions = (count: number) =>
  Effect.gen(function*() {
    const slow = yield* start
    const { asked, open, reply } = yield* gatedReply("at last")
    yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
    const waiting = yield* Effect.fork(slow.send("slow"))
    yield* asked
    const replies = yield* Effect.forEach(
      Array.range(1, count - 1),
      (index) => Effect.flatMap(start, (session) => Effect.map(session.send(`${index}`), ({ text }) => text)),
      { concurrency: "unbounded" }
    )
    assert.deepStrictEqual(replies, Array.makeBy(count - 1, (index) => `You said: ${index + 1}`))
    yield* open
    assert.strictEqual((yield* Fiber.join(waiting)).text, "at last")
  }).pipe(Effect.provide(memoryRuntime({ maxOpenTurns: count, maxSessions: count })))
