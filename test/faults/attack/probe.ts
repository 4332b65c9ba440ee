/**
 * A client like any other: `probe <url>`. It makes small calls, a read and a send in turn, until its input ends, and so shows what
 * an attack does to others. It prints a line once it has begun, and in the end how long its calls waited: `Waits`, as JSON.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Deferred, Duration, Effect } from "effect"
import { makeCaller } from "./Caller.js"
import { create } from "./calls.js"
import type { Waits } from "./Waits.js"

const [url = ""] = process.argv.slice(2)

const waits: Array<number> = []
const failures: Array<string> = []

const summary = (): Waits => {
  const sorted = waits.toSorted((one, other) => one - other)
  return {
    calls: sorted.length,
    max: sorted.at(-1) ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    failures
  }
}

Effect.gen(function*() {
  const { call } = yield* makeCaller(url)
  const sessionId = yield* create(url)
  const stopping = yield* Deferred.make<void>()
  process.stdin.on("end", () => Deferred.unsafeDone(stopping, Effect.void)).resume()

  const timed = Effect.fnUntraced(function*(tag: string, payload?: object) {
    const [waited, exit] = yield* Effect.timed(Effect.exit(call(tag, payload)))
    waits.push(Math.round(Duration.toMillis(waited)))
    yield* exit
  })
  const calls = Effect.zipRight(timed("Health"), timed("Send", { sessionId, message: { content: "still there?" } }))

  // The first calls of a process take longer.
  yield* calls
  waits.length = 0
  yield* Console.log("started")
  yield* calls.pipe(
    Effect.zipRight(Effect.sleep("10 millis")),
    Effect.repeat({ until: () => Deferred.isDone(stopping) }),
    Effect.catchAll(({ reason }) => Effect.sync(() => failures.push(reason)))
  )
  yield* Effect.zipRight(Deferred.await(stopping), Console.log(JSON.stringify(summary())))
}).pipe(Effect.scoped, NodeRuntime.runMain)
