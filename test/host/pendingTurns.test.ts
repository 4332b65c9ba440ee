import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { runningTurn } from "./runningTurn.js"

const textOf = (turn: { readonly prompt?: { readonly parts: ReadonlyArray<unknown> } }) => turn.prompt?.parts

/** A session with one running turn and two waiting ones. */
const queue = Effect.gen(function*() {
  const session = yield* start
  const { open, ...running } = yield* runningTurn(session, "one", "first")
  const second = yield* session.submit("two")
  const third = yield* session.submit("three")
  return { open, running, second, session, third }
})

describe("pending turns", () => {
  it.scoped("are listed in order with their prompts, without the running one", () =>
    Effect.gen(function*() {
      const { open, second, session, third } = yield* queue
      const pending = yield* session.pending
      assert.deepStrictEqual(pending.map(({ id, ordinal, status }) => [id, ordinal, status]), [
        [second.turnId, 2, "accepted"],
        [third.turnId, 3, "accepted"]
      ])
      assert.deepStrictEqual(pending.map(textOf), [[{ _tag: "Text", text: "two" }], [{ _tag: "Text", text: "three" }]])
      yield* open
      yield* session.send("four")
      assert.deepStrictEqual(yield* session.pending, [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("use the edited prompt, also after a restart", () =>
    Effect.gen(function*() {
      const { second, session, third } = yield* queue
      assert.strictEqual(yield* session.edit({ turnId: second.turnId, content: "2", metadata: { n: 2 } }), "edited")
      const pending = yield* session.pending
      assert.deepStrictEqual(pending.map(({ id }) => id), [second.turnId, third.turnId])
      assert.deepStrictEqual(pending.map(textOf)[0], [{ _tag: "Text", text: "2" }])
      const { host } = yield* anotherHost()
      yield* host.send(session.id, { content: "four" })
      const { items } = yield* session.messages({ role: "user" })
      assert.deepStrictEqual(items.map(({ metadata, text }) => [text, metadata]), [
        ["one", {}],
        ["2", { n: 2 }],
        ["three", {}],
        ["four", {}]
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("cannot be edited once they run or have ended, or if they never existed", () =>
    Effect.gen(function*() {
      const { open, running, second, session } = yield* queue
      assert.strictEqual(yield* session.edit({ turnId: running.turnId, content: "x" }), "tooLate")
      yield* session.stop({ turnId: second.turnId })
      assert.strictEqual(yield* session.edit({ turnId: second.turnId, content: "x" }), "tooLate")
      assert.strictEqual(yield* session.edit({ turnId: "never-there", content: "x" }), "tooLate")
      yield* open
      yield* session.send("four")
      assert.deepStrictEqual(yield* texts(session.id), [
        "one",
        "first",
        "three",
        "You said: three",
        "four",
        "You said: four"
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("cannot be edited to a prompt that admission refuses", () =>
    Effect.gen(function*() {
      const { second, session } = yield* queue
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({ name: "guard", admission: () => new MiddlewareRefusal({ reason: "no" }) })
      const error = yield* Effect.flip(session.edit({ turnId: second.turnId, content: "badness" }))
      assert.strictEqual(error._tag, "MiddlewareError")
      assert.deepStrictEqual((yield* session.pending).map(textOf)[0], [{ _tag: "Text", text: "two" }])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("are dropped by a stop, once, and leave only their record", () =>
    Effect.gen(function*() {
      const { open, second, session, third } = yield* queue
      const stop = session.stop({ turnId: second.turnId })
      assert.deepStrictEqual([yield* stop, yield* stop], ["stopped", "alreadyEnded"])
      assert.deepStrictEqual((yield* session.pending).map(({ id }) => id), [third.turnId])
      const dropped = (yield* session.turns).find(({ id }) => id === second.turnId)
      assert.deepStrictEqual([dropped?.status, dropped?.prompt, dropped?.promptSeq], ["stopped", undefined, undefined])
      yield* open
      yield* session.send("four")
      assert.strictEqual((yield* Effect.flatMap(SessionHost, ({ stats }) => stats)).openTurns, 0)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("are not the target of a stop without a turn id", () =>
    Effect.gen(function*() {
      const { running, session } = yield* queue
      assert.strictEqual(yield* session.stop(), "stopped")
      const last = yield* Effect.fork(session.send("four"))
      yield* Fiber.join(last)
      const turns = yield* session.turns
      assert.deepStrictEqual(turns.map(({ status }) => status), ["completed", "completed", "completed", "stopped"])
      assert.strictEqual(turns.at(-1)?.id, running.turnId)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
