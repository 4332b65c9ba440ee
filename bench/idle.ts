import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Logger, LogLevel, Schedule } from "effect"
import { ProviderRegistry, SessionManager, SessionRuntime } from "langswarm-session"
import * as V8 from "node:v8"
import * as Vm from "node:vm"
import { instantProvider } from "./instantProvider.js"

const sessionCount = 10_000

V8.setFlagsFromString("--expose-gc")
const collectGarbage: () => void = Vm.runInNewContext("gc")

const heapUsed = Effect.sync(() => {
  // Twice, because the first run leaves objects that have a finalizer.
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
})

const untilPassivated = Effect.flatMap(SessionManager, ({ health }) => health).pipe(
  Effect.repeat({
    schedule: Schedule.spaced("200 millis"),
    until: ({ activeSessions }) => activeSessions === 0
  })
)

/** Creates sessions, runs a turn in each, and waits until all are passivated. */
const useAndPassivate = (count: number) =>
  Effect.gen(function*() {
    const manager = yield* SessionManager
    const use = Effect.flatMap(
      manager.create({ userId: "bench", provider: "instant", model: "none" }),
      (session) => session.send("hello")
    )
    yield* Effect.replicateEffect(use, count, { concurrency: 64, discard: true })
    yield* untilPassivated
  })

const bench = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const measured = Effect.gen(function*() {
    // Warms up, so that code that is loaded and compiled once does not count.
    yield* useAndPassivate(1000)
    const before = yield* heapUsed
    yield* useAndPassivate(sessionCount)
    const each = ((yield* heapUsed) - before) / sessionCount
    yield* Console.log(
      `${sessionCount} passivated sessions: ${Math.max(0, each).toFixed(0)} bytes of heap each (limit: 1536)`
    )
    if (each > 1536) return yield* Effect.dieMessage("a passivated session uses too much heap")
  })
  yield* Effect.provide(
    measured,
    SessionRuntime.layerProduction({ filename: `${directory}/sessions.db`, idleAfter: "1 second" }).pipe(
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
