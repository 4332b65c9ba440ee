/**
 * `npm run faults [-- --seed 42 --rounds 200]`: runs all tests of the fault matrix and the kill loop, and prints the result of
 * each row. Exits with 1 if one fails.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Cause, Clock, Console, Effect, Exit } from "effect"
import { parseArgs } from "node:util"
import { startVitest } from "vitest/node"
import { killLoop } from "./killLoop.js"
import { rows } from "./rows.js"

/** Matches the full name of a vitest test: its describes, then its own title. */
const title = /(?:^|\s)rows? (\d+(?:, \d+)*):/

const testFiles = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const all = (yield* files.readDirectory("test", { recursive: true })).filter((path) =>
    /\.(?:test|fault)\.ts$/.test(path)
  )
  return yield* Effect.filter(
    all.map((path) => `test/${path}`),
    (path) => Effect.map(files.readFileString(path), (text) => /["'`]rows? \d/.test(text))
  )
})

/** Runs the tests that name rows, and returns whether each passed. */
const runTests = Effect.fnUntraced(function*(files: ReadonlyArray<string>) {
  const vitest = yield* Effect.acquireRelease(
    Effect.promise(() =>
      startVitest("test", [...files], {
        config: "vitest.faults.config.ts",
        run: true,
        watch: false,
        testNamePattern: title,
        reporters: ["default"]
      })
    ),
    (vitest) => Effect.promise(() => vitest.close())
  )
  return vitest.state.getTestModules().flatMap((module) =>
    [...module.children.allTests()].flatMap((test) => {
      const [, numbers = ""] = title.exec(test.fullName) ?? []
      const { state } = test.result()
      // The machine lacks a tool that the test needs.
      if (state === "skipped") return []
      const passed = state === "passed"
      return numbers.split(", ").filter((number) => number !== "").map((number) => ({ row: Number(number), passed }))
    })
  )
}, Effect.scoped)

const outcomeOf = (
  results: ReadonlyArray<{ readonly row: number; readonly passed: boolean }>,
  row: number,
  untested = "not tested"
) => {
  const about = results.filter((result) => result.row === row)
  if (about.length === 0) return untested
  return about.every(({ passed }) => passed) ? "pass" : "FAIL"
}

const runKillLoop = Effect.fnUntraced(function*(seed: number, rounds: number) {
  yield* Console.log(`\n${rounds} random kills with --seed ${seed}`)
  const exit = yield* Effect.exit(killLoop({ seed, rounds }))
  if (Exit.isFailure(exit)) {
    yield* Console.log(Cause.pretty(exit.cause))
    return false
  }
  const { broken, entries, replies } = exit.value
  yield* Console.log(`  ${replies} replies, ${entries} entries in the log, ${broken.length} broken promises`)
  yield* Effect.forEach(
    broken,
    ({ detail, promise, rule, sessionId }) =>
      Console.log(`  promise ${promise}, ${rule}: session ${sessionId}, ${detail}`)
  )
  return broken.length === 0
})

const main = Effect.gen(function*() {
  const { values } = parseArgs({ options: { rounds: { type: "string" }, seed: { type: "string" } } })
  const seed = values.seed === undefined ? yield* Clock.currentTimeMillis : Number(values.seed)
  const tested = yield* runTests(yield* testFiles)
  const results = [...tested, { row: 8, passed: yield* runKillLoop(seed, Number(values.rounds ?? 200)) }]
  const table = rows.map(([row, fault, untestable]) => ({ row, fault, outcome: outcomeOf(results, row, untestable) }))
  yield* Console.log(
    [
      "",
      "row | fault | outcome",
      ...table.map(({ fault, outcome, row }) => [String(row).padStart(3), fault.padEnd(78), outcome].join(" | "))
    ].join("\n")
  )
  const failed = results.some(({ passed }) => !passed)
  yield* Effect.when(Effect.fail("A test of the fault matrix failed" as const), () => failed)
})

NodeRuntime.runMain(Effect.provide(main, NodeContext.layer))
