/**
 * Measures lists, searches and analytics over 1,000,000 messages in 10,000 sessions of 90 days, and over a tenth of the messages,
 * while turns run.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import {
  Array as Arr,
  Clock,
  Console,
  DateTime,
  Effect,
  Fiber,
  Layer,
  Logger,
  LogLevel,
  Number as Num,
  Ref
} from "effect"
import {
  type AccessError,
  type NotSupported,
  ProviderRegistry,
  SessionManager,
  SessionRuntime
} from "langswarm-session"
import { fillSessions } from "./fleetMessages.js"
import { instantProvider } from "./instantProvider.js"

const sessionCount = 10_000
const messagesEach = 100
const days = 90
const rounds = 25
const users = 1000

const since = Effect.map(DateTime.now, DateTime.subtract({ days: days - 1 }))

type Find = (
  sessions: SessionManager["Type"],
  round: number
) => Effect.Effect<unknown, AccessError | NotSupported>

/** The operations to measure, each a row of the table. */
const finds: Readonly<Record<string, Find>> = {
  "list, the newest 50": (sessions) => sessions.search({ limit: 50 }),
  "list, of one user": (sessions, round) => sessions.list(`user-${round}`),
  "list, by tag": (sessions, round) => sessions.search({ tags: [`tag-${round}`] }),
  "search, a rare word": (sessions, round) => sessions.searchMessages({ text: `rare${1 + round * 7}` }),
  "search, a common word": (sessions) => sessions.searchMessages({ text: "w0" }),
  "search, two common words": (sessions, round) => sessions.searchMessages({ text: `w1 w${2 + round}` }),
  "search, a phrase": (sessions) => sessions.searchMessages({ text: "\"blue whale\"" }),
  "analytics of 90 days": (sessions) => Effect.flatMap(since, (since) => sessions.analytics({ since })),
  "analytics of 90 days, by day": (sessions) =>
    Effect.flatMap(since, (since) => sessions.analytics({ since, groupBy: "day" })),
  "search, a word, of one user": (sessions, round) => sessions.searchMessages({ text: "w3", userId: `user-${round}` })
}

const milliseconds = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const from = yield* Clock.currentTimeNanos
    yield* effect
    return Number((yield* Clock.currentTimeNanos) - from) / 1e6
  })

const median = (values: ReadonlyArray<number>): number =>
  Arr.sort(values, Num.Order)[Math.floor(values.length / 2)] ?? Number.NaN

const create = (index: number) =>
  Effect.flatMap(SessionManager, (sessions) =>
    sessions.create({
      userId: `user-${index % users}`,
      provider: "instant",
      model: "none",
      config: { tags: [`tag-${index % 200}`] }
    }))

/** The medians, in the order of `finds`, and the turns per second that ran at the same time. */
const measure = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const turns = yield* Ref.make(0)
  const session = yield* sessions.create({ userId: "bench", provider: "instant", model: "none" })
  const talking = yield* Effect.fork(
    Effect.forever(Effect.zipRight(session.send("hello"), Ref.update(turns, (count) => count + 1)))
  )
  const medians: Array<number> = []
  const took = yield* milliseconds(Effect.gen(function*() {
    for (const find of Object.values(finds)) {
      const times: Array<number> = []
      for (let round = 0; round < rounds; round++) times.push(yield* milliseconds(find(sessions, round)))
      medians.push(median(times))
    }
  }))
  yield* Fiber.interrupt(talking)
  return { medians, turnsPerSecond: (yield* Ref.get(turns)) / (took / 1000) }
})

const bench = Effect.gen(function*() {
  const directory = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())
  const filename = `${directory}/sessions.db`
  const withSessions = <A, E>(use: Effect.Effect<A, E, SessionManager>) =>
    Effect.provide(
      use,
      SessionRuntime.layerProduction({ filename }).pipe(Layer.provide(ProviderRegistry.layer(instantProvider("done"))))
    )

  yield* withSessions(
    Effect.forEach(Arr.range(1, sessionCount), create, { concurrency: 64, discard: true })
  )

  /** Grows each session from `from` to `to` messages, then measures. */
  const grow = (from: number, to: number) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      yield* Effect.sync(() => fillSessions({ filename, sessions: sessionCount, from, to, days, now }))
      return yield* withSessions(Effect.gen(function*() {
        const sessions = yield* SessionManager
        const optimizing = yield* milliseconds(sessions.optimize)
        const count = sessionCount * to
        yield* Console.log(`${count} messages in ${sessionCount} sessions; optimize took ${optimizing.toFixed(0)} ms`)
        return yield* measure
      }))
    })

  const tenth = yield* grow(0, messagesEach / 10)
  const all = yield* grow(messagesEach / 10, messagesEach)
  yield* Console.log(`${"median of 25, in ms".padEnd(32)}      10 %     100 %    growth`)
  yield* Effect.forEach(Object.keys(finds), (name, index) => {
    const [small = Number.NaN, large = Number.NaN] = [tenth.medians[index], all.medians[index]]
    const [a, b, growth] = [small.toFixed(2), large.toFixed(2), (large / small).toFixed(1)]
    return Console.log(`${name.padEnd(32)} ${a.padStart(9)} ${b.padStart(9)} ${growth.padStart(9)}`)
  }, { discard: true })
  yield* Console.log(
    `turns at the same time, sequential:  ${tenth.turnsPerSecond.toFixed(0)}/s and ${all.turnsPerSecond.toFixed(0)}/s`
  )
})

bench.pipe(
  Effect.scoped,
  Effect.provide(NodeContext.layer),
  Logger.withMinimumLogLevel(LogLevel.Warning),
  NodeRuntime.runMain
)
