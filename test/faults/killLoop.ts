import { NodeContext } from "@effect/platform-node"
import { Array, Console, Effect, Fiber, Option, Random, Ref, Schedule } from "effect"
import type { SessionEvent } from "../../src/domain/Events.js"
import type { SessionId } from "../../src/domain/Ids.js"
import { HistoryChecker } from "../../src/testing/index.js"
import { makeLoggingClient } from "./loggingClient.js"
import { makeServerUnderTest, type RunningServer } from "./ServerUnderTest.js"

export interface KillLoopOptions {
  /** Seed of the random kill times. Runs with the same seed still differ in timing. */
  readonly seed: number
  readonly rounds: number
}

const sessions = 4
const sendersOfEach = 2
const watchersOfEach = 2

/** Recognizes the end of the last turn that was sent. */
const lastEventOf = (log: ReadonlyArray<HistoryChecker.LogEntry>, sessionId: SessionId) => {
  const accepted = log.findLast((entry) =>
    entry._tag === "Accepted" && entry.sessionId === sessionId && entry.key.endsWith("last")
  )
  return (event: SessionEvent) =>
    event._tag === "TurnCompleted" && accepted?._tag === "Accepted" && event.turnId === accepted.turnId
}

const kill = ({ ended, kill }: RunningServer) => Effect.zipRight(kill("SIGKILL"), ended)

/**
 * Kills a server with SIGKILL at random times, sometimes during recovery, while clients and watchers stay connected. Then waits
 * for all turns to end, compares the log of the clients with the store, and returns every broken promise.
 */
export const killLoop = Effect.fnUntraced(
  function*({ rounds, seed }: KillLoopOptions) {
    const random = Random.make(seed)
    const log: Array<HistoryChecker.LogEntry> = []
    const server = yield* makeServerUnderTest
    const isOver = yield* Ref.make(false)
    let running = yield* server.start({ slowDisk: true })

    const talks = yield* Effect.forEach(Array.range(1, sessions), (index) =>
      Effect.gen(function*() {
        const client = yield* makeLoggingClient(running.url, log, index % 2 === 0 ? "perAttempt" : "automatically")
        const session = yield* client.start
        const watchers = yield* Effect.forEach(
          Array.range(1, watchersOfEach),
          (watcher) => client.watch(session, `watcher-${index}-${watcher}`)
        )
        const talk = (name: string) =>
          Effect.iterate(1, {
            while: (count) => count > 0,
            body: (count) =>
              client.send(session, `${name}-${count}`, { onUnknown: count % 3 === 0 ? "retry" : "interrupt" }).pipe(
                Effect.zipRight(Ref.get(isOver)),
                Effect.map((over) => (over ? 0 : count + 1))
              )
          })
        const senders = yield* Effect.forEach(
          Array.range(1, sendersOfEach),
          (sender) => Effect.fork(talk(`${index}-${sender}`))
        )
        return { client, senders, session, watchers }
      }))

    for (let round = 1; round <= rounds; round++) {
      const before = log.length
      yield* Effect.repeat(Effect.sync(() => log.length), {
        until: (length) => length > before,
        schedule: Schedule.spaced("5 millis")
      })
      yield* Effect.sleep(yield* random.nextIntBetween(0, 150))
      yield* kill(running)
      if ((yield* random.nextIntBetween(0, 4)) === 0) {
        const failpoint = `inRecovery:kill:${yield* random.nextIntBetween(1, 4)}` as const
        const survivor = yield* Effect.option(server.start({ failpoint, slowDisk: true }))
        // It had nothing to recover, so the failpoint was never passed.
        if (Option.isSome(survivor)) yield* kill(survivor.value)
      }
      running = yield* server.start({ slowDisk: true })
      if (round % 20 === 0) yield* Console.log(`  ${round} kills, ${log.length} entries in the log`)
    }

    yield* Ref.set(isOver, true)
    for (const { client, senders, session, watchers } of talks) {
      yield* Fiber.joinAll(senders)
      // A watcher has seen everything once it has seen the end of this turn.
      yield* client.send(session, "last")
      const isLast = lastEventOf(log, session.id)
      // The checker reports a watcher that never sees it.
      yield* Effect.forEach(watchers, (until) => Effect.timeoutOption(until(isLast), "10 seconds"), {
        concurrency: "unbounded",
        discard: true
      })
    }
    yield* kill(running)

    const broken = yield* Effect.provide(HistoryChecker.check([...log, ...(yield* server.calls)]), server.store)
    const turns = log.filter(({ _tag }) => _tag === "Replied").length
    return { broken, entries: log.length, replies: turns }
  },
  Effect.scoped,
  Effect.provide(NodeContext.layer)
)
