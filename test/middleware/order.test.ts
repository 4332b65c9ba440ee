import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, FastCheck, Scope } from "effect"
import type { Middleware } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { add } from "./pipeline.js"

const list = Effect.flatMap(MiddlewarePipeline, ({ list }) => list)
const order = (...all: ReadonlyArray<Middleware>) => Effect.provide(list, MiddlewarePipeline.layer(...all))
const problems = (...all: ReadonlyArray<Middleware>) =>
  Effect.map(Effect.flip(order(...all)), ({ problems }) => problems)

describe("MiddlewarePipeline, order", () => {
  it.effect("is that of registration for equal priorities", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* order({ name: "b" }, { name: "c" }, { name: "a" }), ["b", "c", "a"])
    }))

  it.effect("puts higher priority first, 0 being the default", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* order({ name: "late", priority: -1 }, { name: "usual" }, { name: "first", priority: 100 }, {
          name: "second",
          priority: 1
        }),
        ["first", "second", "usual", "late"]
      )
    }))

  it.effect("puts dependencies before priority, without delaying others", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* order(
          { name: "needy", priority: 100, dependsOn: ["base", "middle"] },
          { name: "middle", priority: -50, dependsOn: ["base"] },
          { name: "free", priority: 5 },
          { name: "base" }
        ),
        ["free", "base", "middle", "needy"]
      )
    }))

  it.effect.prop(
    "keeps every dependency, whatever the priorities",
    [FastCheck.array(FastCheck.tuple(FastCheck.integer({ min: -3, max: 3 }), FastCheck.array(FastCheck.nat(9))), {
      maxLength: 10
    })],
    ([all]) =>
      Effect.gen(function*() {
        // Each depends on earlier ones only, so there is no cycle, and they are registered in reverse.
        const middlewares = all.map(([priority, dependsOn], index): Middleware => ({
          name: `${index}`,
          priority,
          dependsOn: dependsOn.filter((other) => other < index).map(String)
        }))
        const names = yield* order(...middlewares.toReversed())
        assert.sameMembers([...names], middlewares.map(({ name }) => name))
        for (const { dependsOn = [], name } of middlewares) {
          for (const dependency of dependsOn) assert.isBelow(names.indexOf(dependency), names.indexOf(name))
        }
      })
  )

  it.effect("fails on a duplicate name", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* problems({ name: "a" }, { name: "b" }, { name: "a" }, { name: "a" }), [
        "two middleware are named \"a\": rename one of them"
      ])
    }))

  it.effect("fails on every missing dependency", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* problems({ name: "a", dependsOn: ["x", "b"] }, { name: "b", dependsOn: ["y"] }), [
        "middleware \"a\" depends on \"x\", which is not in the pipeline",
        "middleware \"b\" depends on \"y\", which is not in the pipeline"
      ])
    }))

  it.effect("fails on a cycle and shows it, without its dependents", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* problems(
          { name: "outside", priority: 9, dependsOn: ["b"] },
          { name: "a", dependsOn: ["c"] },
          { name: "b", dependsOn: ["a"] },
          { name: "c", dependsOn: ["b"] }
        ),
        ["middleware depends on itself: b -> a -> c -> b"]
      )
      assert.deepStrictEqual(yield* problems({ name: "a", dependsOn: ["a"] }), [
        "middleware depends on itself: a -> a"
      ])
    }))

  it.scoped("adds one in its place, and removes it when the scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.extend(add({ name: "added", priority: 1, dependsOn: ["first"] }), scope)
      assert.deepStrictEqual(yield* list, ["first", "added", "last"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* list, ["first", "last"])
    }).pipe(Effect.provide(MiddlewarePipeline.layer({ name: "first", priority: 2 }, { name: "last" }))))

  it.scoped("refuses an invalid addition, and does not change", () =>
    Effect.gen(function*() {
      for (const wrong of [{ name: "a" }, { name: "b", dependsOn: ["x"] }, { name: "b", dependsOn: ["b"] }]) {
        assert.strictEqual((yield* Effect.flip(add(wrong)))._tag, "ConfigurationError")
      }
      assert.deepStrictEqual(yield* list, ["a"])
    }).pipe(Effect.provide(MiddlewarePipeline.layer({ name: "a" }))))

  it.scoped("keeps dependents of a removed one running, with a warning, and orders them again when it is back", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Scope.extend(add({ name: "base" }), scope)
        yield* add({ name: "needy", priority: 9, dependsOn: ["base"] })
        assert.deepStrictEqual(yield* list, ["base", "needy"])

        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(yield* list, ["needy"])
        assert.deepStrictEqual(lines.map(({ level, message }) => [level, message]), [
          ["Warning", "Middleware \"base\" was removed; these depend on it and run without it: needy"]
        ])

        yield* add({ name: "other" })
        assert.deepStrictEqual(yield* list, ["needy", "other"])
        const error = yield* Effect.flip(add({ name: "base", dependsOn: ["needy"] }))
        assert.deepStrictEqual(error.problems, ["middleware depends on itself: needy -> base -> needy"])
        yield* add({ name: "base" })
        assert.deepStrictEqual(yield* list, ["other", "base", "needy"])
      }).pipe(Effect.provide(MiddlewarePipeline.layer()))
    ))
})
