import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { start, texts } from "./anotherHost.js"
import { runningTurn } from "./runningTurn.js"
import { shown } from "./scripted.js"

describe("fork", () => {
  it.scoped("shares the history up to a message; later messages are separate", () =>
    Effect.gen(function*() {
      const origin = yield* start
      const reply = yield* origin.send("one")
      yield* origin.send("two")
      const fork = yield* origin.fork({ at: reply.id })
      assert.deepStrictEqual(yield* texts(fork.id), ["one", "You said: one"])
      assert.strictEqual((yield* fork.send("other")).seq, 4)
      yield* origin.send("three")
      assert.deepStrictEqual(yield* texts(fork.id), ["one", "You said: one", "other", "You said: other"])
      assert.deepStrictEqual(yield* texts(origin.id), [
        "one",
        "You said: one",
        "two",
        "You said: two",
        "three",
        "You said: three"
      ])
      assert.deepStrictEqual((yield* shown)[2], ["one", "You said: one", "other"])
      const { forkedFrom, messageCount } = yield* fork.info
      assert.deepStrictEqual([forkedFrom, messageCount], [{ sessionId: origin.id, seq: 2 }, 4])
      assert.deepStrictEqual((yield* fork.messages()).items.map(({ sessionId }) => sessionId), Array(4).fill(fork.id))
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("starts with the context as of that message, then has its own", () =>
    Effect.gen(function*() {
      const origin = yield* start
      yield* origin.updateContext({ user: { level: 1 } })
      const reply = yield* origin.send("one")
      yield* origin.updateContext({ user: { level: 2 } })
      yield* origin.send("two")
      const early = yield* origin.fork({ at: reply.id })
      const late = yield* origin.fork()
      assert.deepStrictEqual([(yield* early.context).user, (yield* late.context).user], [{ level: 2 }, { level: 2 }])
      const first = (yield* origin.messages()).items[0]
      const before = yield* origin.fork({ at: first?.id ?? "" })
      assert.deepStrictEqual((yield* before.context).user, { level: 1 })
      yield* early.updateContext({ user: { level: 9 } })
      assert.deepStrictEqual((yield* origin.context).user, { level: 2 })
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is complete after its origin is deleted, cleared or rewound", () =>
    Effect.gen(function*() {
      const origin = yield* start
      const reply = yield* origin.send("one")
      yield* origin.send("two")
      const fork = yield* origin.fork()
      yield* origin.rewind({ to: reply.id })
      yield* origin.clear
      yield* origin.delete
      yield* fork.send("three")
      const said = ["one", "You said: one", "two", "You said: two", "three", "You said: three"]
      assert.deepStrictEqual(yield* texts(fork.id), said)
      assert.deepStrictEqual((yield* shown).at(-1), said.slice(0, -1))
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("has neither the turns nor the events of its origin", () =>
    Effect.gen(function*() {
      const origin = yield* start
      const { open } = yield* runningTurn(origin, { content: "running", key: "k" }, "late")
      yield* origin.submit("waiting")
      const fork = yield* origin.fork()
      assert.deepStrictEqual([yield* fork.turns, yield* fork.pending], [[], []])
      // Keys are per session.
      yield* fork.send({ content: "something else", key: "k" })
      yield* open
      assert.deepStrictEqual(yield* texts(fork.id), ["running", "something else", "You said: something else"])
      const error = yield* Effect.flip(origin.fork({ at: (yield* fork.messages()).items.at(-1)?.id ?? "" }))
      assert.strictEqual(error._tag, "MessageNotFound")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
