/**
 * A program that says `ready`, waits, and does what its first argument names. It says `stopping` when it is interrupted, and
 * `stopped` at the end, unless its second argument is `hang`.
 */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { exitCode } from "../../src/cli/run.js"
import { runMain } from "../../src/cli/run.js"

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

// Ready only when the program has begun, and with it the listening for signals.
Effect.all([Effect.yieldNow(), say("ready"), act, wait], { discard: true }).pipe(
  runMain({ exitCode, ...(ending === "hang" && { stopLimit: "1 millis", crashLimit: "1 millis" }) })
)
