import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Metric, MetricState, Scope, TestClock } from "effect"
import type { SessionEvent } from "../../src/domain/SessionEvent.js"
import { TurnId } from "../../src/domain/TurnId.js"
import type { Hook } from "../../src/services/Hook.js"
import { HookBus } from "../../src/services/HookBus.js"
import { message, now, sessionId } from "../domain/conversation.js"
import { type LogLine, withCapturedLogs } from "../middleware/capturedLogs.js"

const event = (turn: number | string): SessionEvent => ({
  _tag: "TurnStarted",
  sessionId,
  at: now,
  turnId: TurnId.make(`${turn}`)
})
const turnOf = (event: SessionEvent): string => ("turnId" in event ? event.turnId : event._tag)

/** A hook, or some of one, with a known error. */
interface TestHook extends Omit<Hook, "name" | "on"> {
  readonly on?: (event: SessionEvent) => Effect.Effect<void, string>
}

/** A hook that keeps what it is given, before it does what it does. */
const recording = (name: string, { on = () => Effect.void, ...more }: TestHook = {}) => {
  const seen: Array<string> = []
  const hook: Hook = {
    ...more,
    name,
    on: (event) => {
      seen.push(turnOf(event))
      return on(event)
    }
  }
  return { hook, seen }
}

const hanging = (name: string): Hook => ({
  name,
  timeout: "1 day",
  on: () => Effect.uninterruptible(Effect.never)
})

const publish = (...turns: ReadonlyArray<number | string>) =>
  Effect.flatMap(HookBus, (bus) => Effect.forEach(turns, (turn) => bus.publish(event(turn)), { discard: true }))
const flush = Effect.flatMap(HookBus, (bus) => bus.flush)
const add = (hook: Hook) => Effect.flatMap(HookBus, (bus) => bus.add(hook))

/** Gives what is closed at the end the time to give up. */
const closingOnTheClock = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

const untyped = (value: unknown): ReturnType<typeof JSON.parse> => value

const messages = (lines: ReadonlyArray<LogLine>) => lines.map(({ level, message }) => `${level}: ${message}`)

const count = (name: string, hook: string) =>
  Effect.map(Metric.snapshot, (pairs) => {
    const pair = pairs.find(({ metricKey }) =>
      metricKey.name === name && metricKey.tags.some(({ key, value }) => key === "hook" && value === hook)
    )
    return pair && MetricState.isCounterState(pair.metricState) ? Number(pair.metricState.count) : 0
  })

describe("HookBus", () => {
  it.effect("without hooks takes everything and does nothing", () =>
    Effect.gen(function*() {
      const frozen = event(1)
      const bus = yield* HookBus
      yield* bus.publish(frozen)
      yield* bus.flush
      assert.isFalse(Object.isFrozen(frozen))
    }).pipe(Effect.provide(HookBus.layer())))

  it.effect("brings every event to every hook, in order", () =>
    Effect.gen(function*() {
      const turns = Array.from({ length: 500 }, (_, index) => `${index}`)
      const one = recording("one")
      const two = recording("two", { on: () => Effect.yieldNow() })
      yield* Effect.provide(Effect.zipRight(publish(...turns), flush), HookBus.layer(one.hook, two.hook))
      assert.deepStrictEqual(one.seen, turns)
      assert.deepStrictEqual(two.seen, turns)
    }))

  it.effect("calls a hook that is an object of a class on that object", () =>
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

  it.effect("gives a hook the events that pass its filter", () =>
    Effect.gen(function*() {
      const odd = recording("odd", { filter: (event) => Number(turnOf(event)) % 2 === 1 })
      yield* Effect.provide(Effect.zipRight(publish(1, 2, 3, 4, 5), flush), HookBus.layer(odd.hook))
      assert.deepStrictEqual(odd.seen, ["1", "3", "5"])
    }))

  it.effect("waits for no hook, and lets none wait for another", () =>
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

  it.effect("hands out events that no hook can change", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const sent = message(1, "user", "Hello")
        const mutating = recording("mutating", {
          retries: 0,
          on: (event) => Effect.sync(() => void (untyped(event).message.parts[0].text = "changed"))
        })
        const bus = yield* HookBus
        yield* bus.add(mutating.hook)
        yield* bus.publish({ _tag: "MessageSent", sessionId, at: now, message: sent })
        yield* bus.flush
        assert.deepStrictEqual(sent, message(1, "user", "Hello"))
        assert.deepStrictEqual(messages(lines), ["Error: Hook gave up on an event"])
      }).pipe(Effect.scoped, Effect.provide(HookBus.layer()))
    ))

  describe("when a hook", () => {
    const faults: ReadonlyArray<[name: string, fault: TestHook, seconds?: number]> = [
      ["fails", { on: () => Effect.fail("down") }],
      ["dies", { on: () => Effect.die("down") }],
      ["throws", {
        on: () => {
          throw new Error("down")
        }
      }],
      ["answers without an effect", { on: () => untyped(undefined) }],
      ["interrupts itself", { on: () => Effect.interrupt }],
      ["interrupts its own fiber", {
        on: () => Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never))
      }],
      ["hangs", { on: () => Effect.never }, 5],
      ["hangs and cannot be interrupted", { on: () => Effect.uninterruptible(Effect.never) }, 5],
      ["takes longer than it said", { on: () => Effect.never, timeout: "1 second" }, 1]
    ]

    it.effect.each(faults)(
      "%s, it is tried again after 100 and 200 ms and then given up",
      ([name, fault, seconds = 0]) =>
        withCapturedLogs((lines) =>
          Effect.gen(function*() {
            const failing = recording("failing", { ...fault, filter: (event) => turnOf(event) === "bad" })
            const hook = { ...failing.hook, name }
            yield* add(hook)
            yield* publish("bad", "good")
            yield* TestClock.adjust(seconds * 1000 + 99)
            assert.strictEqual(failing.seen.length, 1)
            yield* TestClock.adjust(1)
            assert.strictEqual(failing.seen.length, 2)
            yield* TestClock.adjust(seconds * 1000 + 199)
            assert.strictEqual(failing.seen.length, 2)
            yield* TestClock.adjust(1)
            assert.strictEqual(failing.seen.length, 3)
            yield* TestClock.adjust(seconds * 1000)
            yield* flush
            assert.strictEqual(failing.seen.length, 3)

            assert.deepStrictEqual(messages(lines), ["Error: Hook gave up on an event"])
            assert.deepStrictEqual(lines[0]?.annotations, { hook: name, event: "TurnStarted", sessionId })
            assert.strictEqual(yield* count("langswarm_session_hook_events_failed", name), 1)
          }).pipe(Effect.scoped, Effect.provide(HookBus.layer()))
        )
    )

    it.effect.each(faults)("%s, the next event comes all the same", ([, fault, seconds = 0]) =>
      Effect.gen(function*() {
        const { on = () => Effect.void } = fault
        const faulty = recording("faulty", {
          ...fault,
          retries: 0,
          on: (event) => turnOf(event) === "bad" ? on(event) : Effect.void
        })
        yield* add(faulty.hook)
        yield* publish("bad", "good")
        yield* TestClock.adjust(seconds * 1000)
        yield* flush
        assert.deepStrictEqual(faulty.seen, ["bad", "good"])
      }).pipe(Effect.scoped, Effect.provide(HookBus.layer())))

    it.effect("has a filter that throws, that is a failure like any other", () =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const after = recording("filtering", {
            retries: 0,
            filter: (event) => {
              if (turnOf(event) === "bad") throw new Error("broken")
              return true
            }
          })
          yield* Effect.provide(Effect.zipRight(publish("bad", "good"), flush), HookBus.layer(after.hook))
          assert.deepStrictEqual(after.seen, ["good"])
          assert.deepStrictEqual(messages(lines), ["Error: Hook gave up on an event"])
        })
      ))

    it.effect("recovers, the event is delivered and nothing is logged", () =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const flaky = recording("flaky", {
            on: () => Effect.suspend(() => flaky.seen.length < 3 ? Effect.fail("down") : Effect.void)
          })
          yield* add(flaky.hook)
          yield* publish(1, 2)
          yield* TestClock.adjust("300 millis")
          yield* flush
          assert.deepStrictEqual(flaky.seen, ["1", "1", "1", "2"])
          assert.deepStrictEqual(lines, [])
        }).pipe(Effect.scoped, Effect.provide(HookBus.layer()))
      ))
  })

  it.effect("drops the newest events once 1,024 wait for a hook, warns once, and counts them", () =>
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
          "Warning: Hook \"slow\" is too slow; events are dropped until it keeps up"
        ])

        yield* Deferred.succeed(gate, undefined)
        yield* flush
        assert.deepStrictEqual(slow.seen, Array.from({ length: 1025 }, (_, index) => `${index}`))
        assert.strictEqual(quick.seen.length, 1028)
        assert.deepStrictEqual(messages(lines).slice(1), [
          "Warning: Hook \"slow\" keeps up again; 3 events were dropped"
        ])
        assert.strictEqual(yield* count("langswarm_session_hook_events_dropped", "slow"), 3)

        yield* publish(3000)
        yield* flush
        assert.strictEqual(slow.seen.at(-1), "3000")
      }).pipe(Effect.scoped, Effect.provide(HookBus.layer()))
    ))

  describe("flush", () => {
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

  describe("a hook's scope", () => {
    it.effect("ends it after it has seen what was published before, and nothing later", () =>
      Effect.gen(function*() {
        const kept = recording("kept")
        const scope = yield* Scope.make()
        yield* Scope.extend(add(kept.hook), scope)
        yield* publish(1, 2)
        yield* Scope.close(scope, Exit.void)
        yield* publish(3)
        yield* flush
        assert.deepStrictEqual(kept.seen, ["1", "2"])
      }).pipe(Effect.provide(HookBus.layer())))

    it.effect("is all one needs to close, also where the hook was added in an uninterruptible region", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Effect.uninterruptible(Scope.extend(add(recording("kept").hook), scope))
        const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("1 minute")
        assert.isNotNull(closed.unsafePoll())
      }).pipe(Effect.provide(HookBus.layer())))

    it.effect("gives up after 5 seconds on all hooks together, and tells how much was left", () =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const context = yield* Layer.buildWithScope(HookBus.layer(hanging("one"), hanging("two")), scope)
          yield* Effect.provide(publish(1, 2, 3), context)
          yield* TestClock.adjust(0)
          const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
          yield* TestClock.adjust("4999 millis")
          assert.isNull(closed.unsafePoll())
          yield* TestClock.adjust("1 millis")
          assert.isNotNull(closed.unsafePoll())
          assert.sameMembers(messages(lines), [
            "Warning: Hook \"one\" was stopped before it was done; 2 events still waited",
            "Warning: Hook \"two\" was stopped before it was done; 2 events still waited"
          ])
        })
      ))

    it.effect("frees its name", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          Effect.scoped(Effect.zipRight(add(recording("a").hook), add(recording("a").hook)))
        )
        assert.deepStrictEqual(error.problems, ["there are two hooks \"a\"; give one of them another name"])
        yield* Effect.scoped(add(recording("a").hook))
      }).pipe(Effect.provide(HookBus.layer())))
  })

  it.effect("cannot be built with two hooks of one name", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(HookBus.layer(recording("a").hook, recording("a").hook)))
      assert.strictEqual(error._tag, "ConfigurationError")
    }).pipe(Effect.scoped))
})
