import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Array as Arr, Clock, Console, Effect, Layer, Logger, LogLevel } from "effect"
import { ProviderRegistry, type Session, SessionManager, SessionRuntime } from "langswarm-session"
import { instantProvider } from "./instantProvider.js"
import { rawTurns } from "./rawTurns.js"

const sessionCount = 1000
const turnsEach = 10
const inFlight = 64
const message = "x".repeat(80)
const reply = "y".repeat(200)

/** Sends `count` messages to each session, one round after another, and returns turns per second. */
const rate = (sessions: ReadonlyArray<Session>, count: number) =>
  Effect.gen(function*() {
    const from = yield* Clock.currentTimeNanos
    for (let turn = 0; turn < count; turn++) {
      yield* Effect.forEach(sessions, (session) => session.send(message), { concurrency: inFlight, discard: true })
    }
    return (sessions.length * count) / (Number((yield* Clock.currentTimeNanos) - from) / 1e9)
  })

const create = Effect.flatMap(
  SessionManager,
  (manager) => manager.create({ userId: "bench", provider: "instant", model: "none" })
)

const row = (name: string, perSecond: number, reference: number) =>
  Console.log(
    `${name.padEnd(46)} ${perSecond.toFixed(0).padStart(8)} turns/s  ${(perSecond / reference).toFixed(2).padStart(6)}`
  )

const bench = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const measured = Effect.gen(function*() {
    const sessions = yield* Effect.replicateEffect(create, sessionCount)
    // Warms up with sessions that are not measured.
    yield* rate(yield* Effect.replicateEffect(create, 256), turnsEach)
    const raw = yield* rawTurns({
      filename: `${directory}/raw.db`,
      sessions: sessionCount,
      turnsEach,
      inFlight,
      message,
      reply
    })
    yield* Console.log(`${sessionCount} sessions, ${turnsEach} turns each, ${inFlight} in flight, durability disk`)
    yield* Console.log(`${"".padEnd(46)} ${"".padStart(16)}   share`)
    yield* row("better-sqlite3 directly, two commits per turn", raw, raw)
    const rounds = yield* Effect.forEach(Arr.range(1, turnsEach), () => rate(sessions, 1))
    yield* Effect.forEach(rounds, (perSecond, index) => row(`turn ${index + 1} of each session`, perSecond, raw))

    const [long] = yield* Effect.replicateEffect(create, 1)
    const short = yield* create
    if (long === undefined) return
    yield* rate([long], 500)
    yield* Console.log("one session, one turn at a time")
    const fresh = yield* rate([short], 100)
    yield* row("starting with its first turn", fresh, fresh)
    yield* row("with 1,000 messages of history", yield* rate([long], 100), fresh)
  })
  yield* Effect.provide(
    measured,
    SessionRuntime.layerProduction({ filename: `${directory}/sessions.db` }).pipe(
      Layer.provide(ProviderRegistry.layer(instantProvider(reply)))
    )
  )
})

bench.pipe(
  Effect.scoped,
  Effect.provide(NodeContext.layer),
  Logger.withMinimumLogLevel(LogLevel.Warning),
  NodeRuntime.runMain
)
