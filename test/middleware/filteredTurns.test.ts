import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Layer, Stream, TestClock } from "effect"
import type { ConfigurationError } from "../../src/domain/error/RequestError.js"
import type { SessionId } from "../../src/domain/Ids.js"
import * as ContentFilterMiddleware from "../../src/layers/middleware/ContentFilterMiddleware.js"
import * as SecurityMiddleware from "../../src/layers/middleware/SecurityMiddleware.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import type { Session } from "../../src/services/Session.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { start } from "../host/anotherHost.js"
import { runningTurn } from "../host/runningTurn.js"
import { script, shown } from "../host/scripted.js"

const card = "4111 1111 1111 1111"
/** A card number split over chunks. */
const inChunks = ["Your card is 4111 11", "11 1111 ", "1111, and that is damn good."]
const filtered = "Your card is [credit card], and that is [filtered] good."

const both = (stages: ReadonlyArray<"admission" | "reply">, action: SecurityMiddleware.SecurityAction = "redact") =>
  Layer.merge(
    SecurityMiddleware.layer({ stages, detectors: { creditCard: action } }),
    ContentFilterMiddleware.layer({ stages, words: ["damn"] })
  )

const over = (filters: Layer.Layer<never, ConfigurationError, MiddlewarePipeline>) =>
  Layer.provideMerge(filters, SessionRuntime.layerTest())

/** Everything stored of a session. */
const stored = (id: SessionId) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    return JSON.stringify([
      yield* store.events(id, 0, 1000),
      yield* store.export(id),
      (yield* store.messages(id, { rewound: true })).items
    ])
  })

/** All events of a watcher until `use` is done. */
const watchedWhile = <A, E, R>(session: Session, use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const watching = yield* Effect.fork(Stream.runCollect(Stream.takeUntil(
      session.watch(),
      ({ event }) => event._tag === "SessionArchived"
    )))
    yield* use
    yield* session.archive
    return Chunk.toReadonlyArray(yield* Fiber.join(watching))
  })

describe("a filtered reply", () => {
  it.scoped("appears unfiltered in no delta, event, message, turn or export", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ text: inChunks })
      const sender: Array<unknown> = []
      const seen = yield* watchedWhile(
        session,
        Stream.runForEach(session.stream("Which card?"), (event) => Effect.sync(() => sender.push(event)))
      )
      const deltas = seen.flatMap(({ event }) => (event._tag === "TurnDelta" ? [event.text] : []))
      assert.deepStrictEqual(deltas, [filtered])
      assert.deepStrictEqual(
        (yield* session.messages({ role: "assistant" })).items.map(({ metadata, text }) => [text, metadata]),
        [
          [filtered, { security: { kinds: ["creditCard"] }, contentFiltered: true }]
        ]
      )
      for (const place of [JSON.stringify(seen), JSON.stringify(sender), yield* stored(session.id)]) {
        assert.include(place, "[credit card]")
        assert.notMatch(place, /4111|1111|damn/)
      }
    }).pipe(Effect.provide(over(both(["reply"])))))

  it.scoped("leaves no draft while it arrives", () =>
    Effect.gen(function*() {
      const session = yield* start
      const [asked, open] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      yield* script(() =>
        Stream.make(ProviderEvent.TextDelta({ text: `It is ${card}.` })).pipe(
          Stream.concat(Stream.drain(Stream.fromEffect(Deferred.succeed(asked, undefined)))),
          Stream.concat(Stream.drain(Stream.fromEffect(Deferred.await(open)))),
          Stream.concat(Stream.make(ProviderEvent.Finished({ reason: "complete" })))
        )
      )
      const sending = yield* Effect.fork(session.send("Which card?"))
      yield* Deferred.await(asked)
      yield* TestClock.adjust("10 seconds")
      const store = yield* SessionStore
      const [turn] = yield* store.turns(session.id, 1)
      assert.deepInclude(turn, { status: "calling" })
      assert.notProperty(turn, "draft")
      assert.notInclude(yield* stored(session.id), "4111")
      yield* Deferred.succeed(open, undefined)
      assert.strictEqual((yield* Fiber.join(sending)).text, "It is [credit card].")
    }).pipe(Effect.provide(over(both(["reply"])))))

  it.scoped("is filtered too when it is cut off", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ text: inChunks, end: "cut" })
      assert.strictEqual((yield* Effect.flip(session.send("Which card?")))._tag, "ProviderProtocol")
      const [reply] = (yield* session.messages({ role: "assistant" })).items
      assert.deepStrictEqual([reply?.text, reply?.finishReason], [filtered, "cut"])
      assert.notMatch(yield* stored(session.id), /4111|1111|damn/)
    }).pipe(Effect.provide(over(both(["reply"])))))

  it.scoped("fails its turn when it is refused, and is neither stored nor shown", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ text: inChunks })
      const seen = yield* watchedWhile(
        session,
        Effect.map(Effect.flip(session.send("Which card?")), (error) => {
          assert.strictEqual(error._tag, "MiddlewareError")
          assert.notMatch(JSON.stringify(error), /4111|1111/)
        })
      )
      assert.lengthOf((yield* session.messages()).items, 1)
      assert.strictEqual((yield* session.turns)[0]?.status, "failed")
      assert.notMatch(JSON.stringify(seen) + (yield* stored(session.id)), /4111|1111|damn/)
    }).pipe(Effect.provide(over(both(["reply"], "reject")))))

  it.scoped("has the arguments of its tool calls filtered", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({
        toolCalls: [{ _tag: "ToolCall", id: "1", name: "pay", arguments: { with: [card], why: "damn" } }]
      })
      const { parts } = yield* session.send("Pay.")
      assert.deepStrictEqual(parts, [
        { _tag: "ToolCall", id: "1", name: "pay", arguments: { with: ["[credit card]"], why: "[filtered]" } }
      ])
      assert.notMatch(yield* stored(session.id), /4111|damn/)
    }).pipe(Effect.provide(over(both(["reply"])))))
})

describe("a filtered prompt", () => {
  it.scoped("is filtered before it is stored, shown or sent to a provider, for each way to send it", () =>
    Effect.gen(function*() {
      const session = yield* start
      const seen = yield* watchedWhile(
        session,
        Effect.gen(function*() {
          yield* session.sendSystem(`The card is ${card}, damn.`)
          const { open, ...running } = yield* runningTurn(session, `My card is ${card}.`, "Thanks.")
          const waiting = yield* session.submit("Wait.")
          yield* session.edit({ turnId: waiting.turnId, content: `No: ${card}, damn.` })
          yield* open
          yield* session.send({
            content: [{ _tag: "ToolResult", id: "1", result: `paid with ${card}, damn`, isError: false }]
          })
          assert.strictEqual((yield* session.turn(running.turnId)).status, "completed")
        })
      )
      const said = (yield* session.messages()).items.filter(({ role }) => role !== "assistant")
      assert.lengthOf(said, 4)
      for (const place of [JSON.stringify(seen), JSON.stringify(yield* shown), yield* stored(session.id)]) {
        assert.include(place, "credit card")
        assert.notMatch(place, /4111|damn/)
      }
    }).pipe(Effect.provide(over(both(["admission"])))))

  it.scoped("leaves no trace when it is refused", () =>
    Effect.gen(function*() {
      const session = yield* start
      const before = yield* stored(session.id)
      const error = yield* Effect.flip(session.send(`My card is ${card}.`))
      assert.strictEqual(error._tag, "MiddlewareError")
      assert.strictEqual(yield* stored(session.id), before)
      assert.deepStrictEqual(yield* shown, [])
    }).pipe(Effect.provide(over(both(["admission"], "reject")))))
})
