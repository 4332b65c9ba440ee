import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope, TestClock } from "effect"
import type { Hook } from "../../src/services/Hook.js"
import { HookBus } from "../../src/services/HookBus.js"
import { withCapturedLogs } from "../middleware/capturedLogs.js"
import { add, flush, messages, publish, recording } from "./hooks.js"

const hanging = (name: string): Hook => ({
  name,
  timeout: "1 day",
  on: () => Effect.uninterruptible(Effect.never)
})

describe("HookBus, a hook's scope", () => {
  it.effect("ends it after the events published before, and before later ones", () =>
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

  it.effect("ends it even if it was added in an uninterruptible region", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Effect.uninterruptible(Scope.extend(add(recording("kept").hook), scope))
      const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 minute")
      assert.isNotNull(closed.unsafePoll())
    }).pipe(Effect.provide(HookBus.layer())))

  it.effect("times out after 5 seconds for all hooks together, and logs how many events were left", () =>
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
          "Warning: Hook \"one\" was stopped before it was done; 2 events were still waiting",
          "Warning: Hook \"two\" was stopped before it was done; 2 events were still waiting"
        ])
      })
    ))

  it.effect("frees its name", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.scoped(Effect.zipRight(add(recording("a").hook), add(recording("a").hook)))
      )
      assert.deepStrictEqual(error.problems, ["two hooks are named \"a\": rename one of them"])
      yield* Effect.scoped(add(recording("a").hook))
    }).pipe(Effect.provide(HookBus.layer())))
})
