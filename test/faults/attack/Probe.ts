import { Deferred, Duration, Effect, Fiber } from "effect"
import { makeCaller } from "./Caller.js"
import { create } from "./calls.js"

/** How long calls of a client waited for their answers, in milliseconds. */
export interface Waits {
  readonly calls: number
  readonly max: number
  /** 99 of 100 calls waited less. */
  readonly p99: number
  /** Why calls were not answered with a result. The first one ends the probe. */
  readonly failures: ReadonlyArray<string>
}

/**
 * A client like any other, which makes small calls, a read and a send in turn, for as long as the scope is open. It shows what an
 * attack does to others. `stop` waits for the calls under way, which count too.
 */
export const makeProbe = Effect.fnUntraced(function*(url: string) {
  const { call } = yield* makeCaller(url)
  const sessionId = yield* create(url)
  const stopping = yield* Deferred.make<void>()
  const waits: Array<number> = []
  const failures: Array<string> = []

  const timed = Effect.fnUntraced(function*(tag: string, payload?: object) {
    const [waited, exit] = yield* Effect.timed(Effect.exit(call(tag, payload)))
    waits.push(Math.round(Duration.toMillis(waited)))
    yield* exit
  })

  const running = yield* timed("Health").pipe(
    Effect.zipRight(timed("Send", { sessionId, message: { content: "still there?" } })),
    Effect.zipRight(Effect.sleep("10 millis")),
    Effect.repeat({ until: () => Deferred.isDone(stopping) }),
    Effect.catchAll(({ reason }) => Effect.sync(() => void failures.push(reason))),
    Effect.forkScoped
  )

  const summary = (): Waits => {
    const sorted = waits.toSorted((one, other) => one - other)
    return {
      calls: sorted.length,
      max: sorted.at(-1) ?? 0,
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      failures
    }
  }

  return {
    stop: Deferred.succeed(stopping, undefined).pipe(Effect.zipRight(Fiber.join(running)), Effect.map(summary))
  }
})
