import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Array, Console, Effect, Fiber, Schedule, Schema } from "effect"
import { type CallFailed, makeCaller } from "./attack/Caller.js"
import { create, createBig } from "./attack/calls.js"
import { startClient } from "./attack/clientProcess.js"
import { attacksOn } from "./attack/hostile.js"
import { isMeasurable } from "./attack/processFigures.js"
import { startTarget } from "./attack/Target.js"
import { WatchersReport } from "./WatchersReport.js"

const sessionCount = 200
const watchersOfEach = 10
const slowWatchers = 100
const hostileClients = 50
const turnsOfEach = 6
const turnsPerSecond = 20

/** Starts the watchers, waits until all of them watch, and returns what waits for their report. */
const startWatchers = Effect.fnUntraced(function*(url: string, sessions: ReadonlyArray<string>) {
  const program = new URL("watchers.ts", import.meta.url)
  const { nextLine } = yield* startClient(program, url, `${watchersOfEach}`, `${slowWatchers}`, ...sessions)
  yield* nextLine
  return { report: Effect.flatMap(nextLine, Schema.decode(Schema.parseJson(WatchersReport))) }
})

/** Clients that attack, each again as soon as its connection is closed. */
const startHostile = (url: string, bigSession: string) => {
  const attacks = attacksOn(url, bigSession)
  return Effect.forEach(
    Array.range(1, hostileClients),
    (client) =>
      (attacks[client % attacks.length] ?? Effect.void).pipe(
        Effect.scoped,
        Effect.ignore,
        Effect.repeat(Schedule.spaced("3 seconds")),
        Effect.forkScoped
      )
  )
}

const soak = Effect.gen(function*() {
  const { measure, url } = yield* startTarget({ heap: 1024 })
  const bigSession = yield* createBig(url, 10)
  const sessions = yield* Effect.replicateEffect(create(url, { chunkDelay: "50 millis" }), sessionCount)
  const watchers = yield* startWatchers(url, sessions)
  yield* startHostile(url, bigSession)
  const sender = yield* makeCaller(url)

  const message = { content: "one two three four five six seven eight" }
  const turns = Effect.gen(function*() {
    const sends: Array<Fiber.Fiber<unknown, CallFailed>> = []
    for (const sessionId of Array.replicate(sessions, turnsOfEach).flat()) {
      sends.push(yield* Effect.fork(sender.call("Send", { sessionId, message })))
      yield* Effect.sleep(1000 / turnsPerSecond)
    }
    yield* Fiber.joinAll(sends)
    yield* Effect.forEach(sessions, (sessionId) => sender.call("Archive", { sessionId }))
    return yield* watchers.report
  })
  const { damage, result } = yield* measure(
    `${watcherCount} watchers, ${slowWatchers} slow, and ${hostileClients} hostile clients`,
    turns
  )
  yield* Console.log(
    `  ${result.entries} entries of feeds over ${result.connections} connections, ${result.refused} upgrades refused`
  )
  return { damage, result, sessions }
}).pipe(Effect.provide(NodeContext.layer))

const watcherCount = sessionCount * watchersOfEach

/** Of a session: created and archived; of each turn: accepted, question, started, reply, completed. */
const events = 2 + turnsOfEach * 5

describe.skipIf(!isMeasurable)("a soak", () => {
  it.scopedLive(
    "rows 54, 56, 57, 58: 2,000 watchers miss nothing beside slow and hostile clients",
    () =>
      Effect.gen(function*() {
        const { damage: { memory, waits }, result, sessions } = yield* soak
        assert.deepStrictEqual(result.problems, [])
        assert.deepStrictEqual(result.last, Object.fromEntries(sessions.map((session) => [session, events])))
        // They have seen text as it came, and have resumed.
        assert.isAbove(result.entries, 1.5 * watcherCount * events)
        assert.isAbove(result.connections, 1.5 * watcherCount)
        assert.deepStrictEqual(waits.failures, [])
        assert.isAtMost(waits.p99, 2000)
        assert.isAtMost(memory.most, 1536)
      }),
    300_000
  )
})
