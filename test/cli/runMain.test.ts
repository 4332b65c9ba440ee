import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { stubbornProgram } from "./compile.js"

/** Runs the program, sends it a signal when it is ready, and returns its output and exit code. */
const runProgram = Effect.fnUntraced(
  function*(does: string, ending: string, signal?: NodeJS.Signals) {
    const child = yield* Command.start(Command.make("node", stubbornProgram, does, ending))
    const kill = signal === undefined ? Effect.void : Effect.asVoid(Effect.forkScoped(child.kill(signal)))
    const said = yield* child.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.tap((line) => line === "ready" ? kill : Effect.void),
      Stream.runCollect
    )
    return { said: Array.from(said), exitCode: Number(yield* child.exitCode) }
  },
  Effect.scoped,
  Effect.provide(NodeContext.layer)
)

describe("runMain", () => {
  for (const [signal, exitCode] of [["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it.live(`interrupts the program at ${signal} and waits for its finalizers`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* runProgram("wait", "end", signal), {
          said: ["ready", "stopping", "stopped"],
          exitCode
        })
      }), 30_000)
  }

  it.live("exits with 1 when the program does not end in time", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* runProgram("wait", "hang", "SIGTERM"), {
        said: ["ready", "stopping"],
        exitCode: 1
      })
    }), 30_000)

  it.live("ends silently when its output is closed", () =>
    Effect.gen(function*() {
      const pipeline = `node "${stubbornProgram}" talk end | head -n 2; echo "\${PIPESTATUS[0]}"`
      const said = yield* Command.string(Command.make("bash", "-c", `exec 2>&1; ${pipeline}`))
      assert.deepStrictEqual(said.trim().split("\n"), ["ready", "and so on", "141"])
    }).pipe(Effect.provide(NodeContext.layer)), 30_000)

  for (const [does, what] of [["throw", "an exception"], ["reject", "a rejection"]] as const) {
    it.live(`logs ${what} that is not handled, runs finalizers and exits with 70`, () =>
      Effect.gen(function*() {
        const { exitCode, said } = yield* runProgram(does, "end")
        assert.strictEqual(exitCode, 70)
        assert.deepStrictEqual(said.filter((line) => /^\w+$/.test(line)), ["ready", "stopping", "stopped"])
        assert.include(said.join("\n"), "uncaught error")
        assert.strictEqual((yield* runProgram(does, "hang")).exitCode, 70)
      }), 30_000)
  }
})
