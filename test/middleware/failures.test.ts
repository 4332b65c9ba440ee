import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Ref, TestClock } from "effect"
import { type Middleware, MiddlewareRefusal } from "../../src/services/Middleware.js"
import { sessionId } from "../domain/conversation.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { admit, appending, textsOf } from "./pipeline.js"
import { untyped } from "./untyped.js"

/** Advances the clock past every timeout. */
const afterTimeouts = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(effect))
    yield* TestClock.adjust("1 minute")
    return yield* yield* Fiber.join(fiber)
  })

describe("MiddlewarePipeline, when a middleware", () => {
  const faults: ReadonlyArray<[name: string, fault: Partial<Middleware>, reason: string]> = [
    ["refuses", { admission: () => new MiddlewareRefusal({ reason: "too rude" }) }, "too rude"],
    [
      "fails with another error",
      { admission: () => untyped(Effect.fail("canary")) },
      "failed unexpectedly"
    ],
    ["interrupts another fiber", {
      admission: () => Effect.flatMap(Effect.fork(Effect.interrupt), Fiber.join)
    }, "failed unexpectedly"],
    ["dies", { admission: () => Effect.die(new Error("canary")) }, "failed unexpectedly"],
    ["throws", {
      admission: () => {
        throw new Error("canary")
      }
    }, "failed unexpectedly"],
    ["returns no effect", { admission: () => untyped(Promise.resolve("canary")) }, "failed unexpectedly"],
    ["returns nothing", { admission: () => untyped(undefined) }, "failed unexpectedly"],
    ["interrupts itself", { admission: () => Effect.interrupt }, "failed unexpectedly"],
    ["interrupts its own fiber", {
      admission: () => Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never))
    }, "failed unexpectedly"],
    ["hangs", { admission: () => Effect.never }, "timed out after 2s"],
    ["hangs and cannot be interrupted", {
      admission: () => Effect.uninterruptible(Effect.never)
    }, "timed out after 2s"],
    ["exceeds its own timeout", { timeout: "50 millis", admission: () => Effect.never }, "timed out after 50ms"],
    ["has a condition that throws", {
      when: () => {
        throw new Error("canary")
      }
    }, "failed unexpectedly"]
  ]

  it.effect.each(faults)(
    "%s, a required one fails the turn without leaking the error",
    ([, fault, reason]) =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(
            afterTimeouts(admit({ ...appending("faulty"), ...fault }, appending("after")))
          )
          assert.deepInclude(error, {
            _tag: "MiddlewareError",
            middleware: "faulty",
            stage: "admission",
            reason,
            sessionId
          })
          assert.notInclude(JSON.stringify(error) + error.message, "canary")
          assert.strictEqual(lines.length, 1)
          assert.strictEqual(lines[0]?.level, reason === "too rude" ? "Debug" : "Error")
          assert.deepStrictEqual(lines[0]?.annotations, { middleware: "faulty", stage: "admission", sessionId })
          assert.notInclude(lines[0]?.message, "too rude")
        })
      )
  )

  it.effect.each(faults)(
    "%s, an optional one is skipped with a warning",
    ([, fault]) =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const admitted = yield* afterTimeouts(
            admit({ ...appending("faulty"), ...fault, policy: "optional" }, appending("after"))
          )
          assert.deepStrictEqual(textsOf(admitted), ["Hello", "after"])
          assert.deepStrictEqual(lines.map(({ level }) => level), ["Warning"])
        })
      )
  )

  it.effect.each(faults)(
    "%s, its onError is called, whatever the policy",
    ([, fault, reason]) =>
      Effect.gen(function*() {
        const told = yield* Ref.make<ReadonlyArray<string>>([])
        const onError: Middleware["onError"] = (error) => Ref.update(told, (all) => [...all, error.reason])
        const faulty = { ...appending("faulty"), ...fault, onError }
        yield* Effect.exit(afterTimeouts(admit(faulty)))
        yield* afterTimeouts(admit({ ...faulty, policy: "optional" }))
        assert.deepStrictEqual(yield* told, [reason, reason])
      })
  )

  it.effect.each<[string, Effect.Effect<never>]>([
    ["hangs", Effect.never],
    ["hangs and cannot be interrupted", Effect.uninterruptible(Effect.never)]
  ])("%s, it times out in an uninterruptible region of the caller too", ([, admission]) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(
        Effect.flip(Effect.uninterruptible(admit({ name: "hanging", admission: () => admission })))
      )
      yield* TestClock.adjust("2 seconds")
      const exit = fiber.unsafePoll()
      assert(exit && Exit.isSuccess(exit))
      assert.strictEqual(exit.value.reason, "timed out after 2s")
    }))

  it.effect("refuses without a reason, it fails like any other", () =>
    Effect.gen(function*() {
      const mute: Middleware = {
        name: "mute",
        admission: () => new MiddlewareRefusal({ reason: untyped(undefined) })
      }
      assert.strictEqual((yield* Effect.flip(admit(mute))).reason, "failed unexpectedly")
      assert.deepStrictEqual(textsOf(yield* admit({ ...mute, policy: "optional" })), ["Hello"])
    }))

  it.effect("refuses with a very long reason, it is truncated", () =>
    Effect.gen(function*() {
      const reason = "no".repeat(1_000_000)
      const wordy = { name: "wordy", admission: () => new MiddlewareRefusal({ reason }) }
      assert.strictEqual((yield* Effect.flip(admit(wordy))).reason, "no".repeat(500))
    }))

  it.effect("dies, the cause is logged", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        yield* Effect.exit(admit({ name: "faulty", admission: () => Effect.die(new Error("what broke")) }))
        assert.include(lines[0]?.cause, "what broke")
      })
    ))

  it.effect.each<[string, NonNullable<Middleware["onError"]>]>([
    ["dies", () => Effect.die("broken")],
    ["throws", () => {
      throw new Error("broken")
    }],
    ["hangs", () => Effect.never],
    ["interrupts itself", () => Effect.interrupt]
  ])("%s in onError, nothing changes", ([, onError]) =>
    Effect.gen(function*() {
      const refusing = { name: "a", admission: () => new MiddlewareRefusal({ reason: "no" }), onError }
      assert.strictEqual((yield* Effect.flip(afterTimeouts(admit(refusing)))).reason, "no")
      assert.deepStrictEqual(textsOf(yield* afterTimeouts(admit({ ...refusing, policy: "optional" }))), ["Hello"])
    }))

  it.effect("is slow, it is not stopped before its timeout", () =>
    Effect.gen(function*() {
      const slow = appending("slow", { admission: (prompt) => Effect.delay(Effect.succeed(prompt), "1999 millis") })
      assert.deepStrictEqual(textsOf(yield* afterTimeouts(admit(slow))), ["Hello"])
    }))
})
