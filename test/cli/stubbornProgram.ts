/**
 * A program that prints `ready` and does what its first argument names. It prints `stopping` when it is interrupted, and
 * `stopped` at the end unless its second argument is `hang`.
 */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { exitCode, runMain } from "../../src/cli/run.js"

const [does, ending] = process.argv.slice(2)

const say = (word: string) => Effect.sync(() => writeSync(1, `${word}\n`))

const fail = (): never => {
  throw new Error("thrown in a callback")
}

const act = Effect.sync(() => {
  if (does === "throw") setImmediate(fail)
  if (does === "reject") void Promise.reject(new Error("rejected and forgotten"))
})

const talk = Effect.forever(Effect.async<void>((resume) => {
  process.stdout.write("and so on\n", () => resume(Effect.void))
}))

const wait = (does === "talk" ? talk : Effect.never).pipe(
  Effect.onInterrupt(() => say("stopping")),
  Effect.ensuring(ending === "hang" ? Effect.never : say("stopped"))
)

// Signals are handled once the program runs, so only then it is ready.
Effect.all([Effect.yieldNow(), say("ready"), act, wait], { discard: true }).pipe(
  runMain({ exitCode, ...(ending === "hang" && { stopLimit: "1 millis", crashLimit: "1 millis" }) })
)
