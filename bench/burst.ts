import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Deferred, Effect, Layer, Logger, LogLevel } from "effect"
import { ProviderRegistry, SessionManager, SessionRuntime } from "langswarm-session"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { instantProvider } from "./instantProvider.js"

const sendCount = 10_000
const atOnce = 100
const maxStallMs = 100

/** Runs `effect` and measures the longest stall of the event loop, in milliseconds. */
const longestStallMs = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const delays = monitorEventLoopDelay({ resolution: 1 })
    delays.enable()
    const result = yield* effect
    delays.disable()
    return [result, delays.max / 1e6] as const
  })

const nextTurnOfEventLoop = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/**
 * Starts `effect` `count` times without waiting for one to end before the next, then waits for all. It starts them in batches of
 * the size that a socket may deliver, because forking all of them at once would itself stall the event loop.
 */
const flood = <E, R>(effect: Effect.Effect<void, E, R>, count: number) =>
  Effect.gen(function*() {
    const done = yield* Deferred.make<void>()
    let left = count
    const counted = Effect.ensuring(
      effect,
      Effect.suspend(() => --left === 0 ? Deferred.succeed(done, undefined) : Effect.void)
    )
    for (let started = 0; started < count; started += atOnce) {
      for (let index = 0; index < atOnce; index++) yield* Effect.fork(counted)
      yield* nextTurnOfEventLoop
    }
    yield* Deferred.await(done)
  })

/** Floods one session with sends, and counts those that were answered and those that failed with `SessionBusy`. */
const burst = Effect.gen(function*() {
  const manager = yield* SessionManager
  const session = yield* manager.create({ userId: "bench", provider: "instant", model: "none" })
  let answered = 0
  let busy = 0
  const send = Effect.match(session.send("hello"), {
    onSuccess: () => {
      answered += 1
    },
    onFailure: ({ _tag }) => {
      if (_tag === "SessionBusy") busy += 1
    }
  })
  yield* flood(send, sendCount)
  return { answered, busy }
})

const bench = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const measured = Effect.gen(function*() {
    yield* burst
    const [{ answered, busy }, stall] = yield* longestStallMs(burst)
    yield* Console.log(
      `${sendCount} concurrent sends to one session: ${answered} answered, ${busy} refused with SessionBusy; ` +
        `longest stall of the event loop ${stall.toFixed(0)} ms (limit: ${maxStallMs} ms)`
    )
    if (answered + busy !== sendCount) return yield* Effect.dieMessage("some sends were neither answered nor refused")
    if (stall > maxStallMs) return yield* Effect.dieMessage("the event loop stalled")
  })
  yield* Effect.provide(
    measured,
    SessionRuntime.layerProduction({ filename: `${directory}/sessions.db` }).pipe(
      Layer.provide(ProviderRegistry.layer(instantProvider("done")))
    )
  )
})

bench.pipe(
  Effect.scoped,
  Effect.provide(NodeContext.layer),
  Logger.withMinimumLogLevel(LogLevel.Warning),
  NodeRuntime.runMain
)
