import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import type { Hook } from "../../src/services/Hook.js"
import { HookBus } from "../../src/services/HookBus.js"
import { message, now, sessionId } from "../domain/conversation.js"
import { withCapturedLogs } from "../middleware/capturedLogs.js"
import { untyped } from "../middleware/untyped.js"
import { add, count, event, flush, messages, publish, recording, turnOf } from "./hooks.js"

/** Advances the clock so that hooks still draining at the end time out. */
const closingOnTheClock = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

describe("HookBus", () => {
  it.effect("without hooks accepts everything and does nothing", () =>
    Effect.gen(function*() {
      const frozen = event(1)
      const bus = yield* HookBus
      yield* bus.publish(frozen)
      yield* bus.flush
      assert.isFalse(Object.isFrozen(frozen))
    }).pipe(Effect.provide(HookBus.layer())))

  it.effect("delivers every event to every hook, in order", () =>
    Effect.gen(function*() {
      const turns = Array.from({ length: 500 }, (_, index) => `${index}`)
      const one = recording("one")
      const two = recording("two", { on: () => Effect.yieldNow() })
      yield* Effect.provide(Effect.zipRight(publish(...turns), flush), HookBus.layer(one.hook, two.hook))
      assert.deepStrictEqual(one.seen, turns)
      assert.deepStrictEqual(two.seen, turns)
    }))

  it.effect("calls the methods of a class instance with the right `this`", () =>
    Effect.gen(function*() {
      class Counting implements Hook {
        readonly name = "counting"
        seen = 0
        on() {
          this.seen += 1
          return Effect.void
        }
      }
      const hook = new Counting()
      yield* Effect.provide(Effect.zipRight(publish(1, 2), flush), HookBus.layer(hook))
      assert.strictEqual(hook.seen, 2)
    }))

  it.effect("delivers the events that pass the filter", () =>
    Effect.gen(function*() {
      const odd = recording("odd", { filter: (event) => Number(turnOf(event)) % 2 === 1 })
      yield* Effect.provide(Effect.zipRight(publish(1, 2, 3, 4, 5), flush), HookBus.layer(odd.hook))
      assert.deepStrictEqual(odd.seen, ["1", "3", "5"])
    }))

  it.effect("does not wait for hooks, and no hook waits for another", () =>
    Effect.gen(function*() {
      const hanging = recording("hanging", { on: () => Effect.never })
      const quick = recording("quick")
      yield* Effect.gen(function*() {
        yield* publish(1, 2)
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(hanging.seen, ["1"])
        assert.deepStrictEqual(quick.seen, ["1", "2"])
      }).pipe(Effect.provide(HookBus.layer(hanging.hook, quick.hook)), closingOnTheClock)
    }))

  it.effect("delivers frozen events", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const sent = message(1, "user", "Hello")
        const mutating = recording("mutating", {
          retries: 0,
          on: (event) => Effect.sync(() => void (untyped(event).message.parts[0].text = "changed"))
        })
        const bus = yield* HookBus
        yield* bus.add(mutating.hook)
        yield* bus.publish({ _tag: "MessageSent", sessionId, number: 1, at: now, message: sent })
        yield* bus.flush
        assert.deepStrictEqual(sent, message(1, "user", "Hello"))
        assert.deepStrictEqual(messages(lines), ["Error: Hook failed to handle an event"])
      }).pipe(Effect.scoped, Effect.provide(HookBus.layer()))
    ))

  it.effect("drops new events while 1,024 wait for a hook, warns once, and counts them", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        const slow = recording("slow", { on: () => Deferred.await(gate) })
        const quick = recording("quick")
        yield* add(slow.hook)
        yield* add(quick.hook)
        yield* publish(0)
        yield* TestClock.adjust(0)
        yield* publish(...Array.from({ length: 1024 }, (_, index) => index + 1))
        assert.deepStrictEqual(messages(lines), [])
        yield* TestClock.adjust(0)
        yield* publish(2001, 2002, 2003)
        assert.deepStrictEqual(messages(lines), [
          "Warning: Hook \"slow\" is too slow; events are dropped until it catches up"
        ])

        yield* Deferred.succeed(gate, undefined)
        yield* flush
        assert.deepStrictEqual(slow.seen, Array.from({ length: 1025 }, (_, index) => `${index}`))
        assert.strictEqual(quick.seen.length, 1028)
        assert.deepStrictEqual(messages(lines).slice(1), [
          "Warning: Hook \"slow\" caught up; 3 events were dropped"
        ])
        assert.strictEqual(yield* count("langswarm_session_hook_events_dropped", "slow"), 3)

        yield* publish(3000)
        yield* flush
        assert.strictEqual(slow.seen.at(-1), "3000")
      }).pipe(Effect.scoped, Effect.provide(HookBus.layer()))
    ))

  it.effect("fails on two hooks of the same name", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(HookBus.layer(recording("a").hook, recording("a").hook)))
      assert.strictEqual(error._tag, "ConfigurationError")
    }).pipe(Effect.scoped))
})

describe("HookBus, flush", () => {
  it.effect("waits for events published before, not for later ones", () =>
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

  it.effect("ends when the hook it waits for is removed", () =>
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
