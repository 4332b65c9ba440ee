import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { HookBus } from "../../src/services/HookBus.js"
import { sessionId } from "../domain/conversation.js"
import { withCapturedLogs } from "../middleware/capturedLogs.js"
import { untyped } from "../middleware/untyped.js"
import { add, count, flush, messages, publish, recording, type TestHook, turnOf } from "./hooks.js"

describe("HookBus, when a hook", () => {
  const faults: ReadonlyArray<[name: string, fault: TestHook, seconds?: number]> = [
    ["fails", { on: () => Effect.fail("down") }],
    ["dies", { on: () => Effect.die("down") }],
    ["throws", {
      on: () => {
        throw new Error("down")
      }
    }],
    ["returns no effect", { on: () => untyped(undefined) }],
    ["interrupts itself", { on: () => Effect.interrupt }],
    ["interrupts its own fiber", {
      on: () => Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never))
    }],
    ["hangs", { on: () => Effect.never }, 5],
    ["hangs and cannot be interrupted", { on: () => Effect.uninterruptible(Effect.never) }, 5],
    ["exceeds its own timeout", { on: () => Effect.never, timeout: "1 second" }, 1]
  ]

  it.effect.each(faults)(
    "%s, it is retried after 100 and 200 ms and then fails permanently",
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

          assert.deepStrictEqual(messages(lines), ["Error: Hook failed to handle an event"])
          assert.deepStrictEqual(lines[0]?.annotations, { hook: name, event: "TurnStarted", sessionId })
          assert.strictEqual(yield* count("langswarm_session_hook_events_failed", name), 1)
        }).pipe(Effect.scoped, Effect.provide(HookBus.layer()))
      )
  )

  it.effect.each(faults)("%s, the next event is still delivered", ([, fault, seconds = 0]) =>
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

  it.effect("has a filter that throws, it fails like any other", () =>
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
        assert.deepStrictEqual(messages(lines), ["Error: Hook failed to handle an event"])
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
