import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { HookBus } from "../../src/services/HookBus.js"
import { add, flush, publish, turnOf } from "./hooks.js"

describe("HookBus, flush", () => {
  it.effect("waits for what was published before, and not for what comes after", () =>
    Effect.gen(function*() {
      const gates = { first: yield* Deferred.make<void>(), second: yield* Deferred.make<void>() }
      yield* add({ name: "gated", on: (event) => Deferred.await(turnOf(event) === "1" ? gates.first : gates.second) })
      yield* publish(1)
      const flushed = yield* Effect.fork(flush)
      yield* TestClock.adjust(0)
      yield* publish(2)
      assert.isNull(flushed.unsafePoll())
      yield* Deferred.succeed(gates.first, undefined)
      yield* Fiber.join(flushed)
      yield* Deferred.succeed(gates.second, undefined)
    }).pipe(Effect.scoped, Effect.provide(HookBus.layer())))

  it.effect("ends when the hook it waits for is taken out", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.extend(add({ name: "hanging", timeout: "1 day", on: () => Effect.never }), scope)
      yield* publish(1)
      const flushed = yield* Effect.fork(flush)
      yield* TestClock.adjust(0)
      const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closed)
      yield* Fiber.join(flushed)
    }).pipe(Effect.provide(HookBus.layer())))
})
