import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Stream } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { start } from "./anotherHost.js"

describe("the end of a reply", () => {
  it.effect("is where the provider says it is, whatever comes after, or never comes", () =>
    Effect.gen(function*() {
      const session = yield* start
      const closed = yield* Deferred.make<void>()
      yield* Effect.flatMap(MockProvider, (mock) =>
        mock.script([() =>
          Stream.make(
            ProviderEvent.TextDelta({ text: "all" }),
            ProviderEvent.Finished({ reason: "complete" }),
            ProviderEvent.TextDelta({ text: " and more" })
          ).pipe(Stream.concat(Stream.never), Stream.ensuring(Deferred.succeed(closed, undefined)))]))
      const events = Array.from(yield* Stream.runCollect(session.stream("hello")))
      yield* Deferred.await(closed)
      const said = events.map((event) => (event._tag === "TurnDelta" ? event.text : "")).join("")
      assert.strictEqual(said, "all")
      assert.deepStrictEqual((yield* session.messages()).items.map(({ text }) => text), ["hello", "all"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("is not reached by a pause, which leaves nothing behind when nothing was said", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      yield* mock.script([{ end: ProviderEvent.Finished({ reason: "paused" }) }, { text: "at last" }])
      assert.strictEqual((yield* session.send("hello")).text, "at last")
      assert.deepStrictEqual((yield* session.messages()).items.map(({ seq, text }) => [seq, text]), [
        [1, "hello"],
        [2, "at last"]
      ])
      assert.strictEqual((yield* session.turns)[0]?.attempt, 2)
      assert.strictEqual((yield* mock.requests).length, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
