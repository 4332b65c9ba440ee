/**
 * Clients that watch sessions, in a process of their own: `watchers <url> <watchers of each> <slow watchers> <session>...`. They
 * speak the protocol on plain WebSockets, for 2,000 clients of the library would take more of the machine than the server does.
 *
 * Each watches until its session is archived, and cuts its connection now and then to resume from the last position. The program
 * prints a line once all watch, and in the end what they have seen: a `WatchersReport`, as JSON.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Array, Console, Effect, Queue, Random, Schema, type Types } from "effect"
import { FeedEvent } from "../../src/domain/Events.js"
import { type Frame, parseFrames, request } from "../rpc/wire.js"
import { openWebSocket } from "./attack/webSocket.js"
import { makeFeedCheck } from "./feedCheck.js"
import type { WatchersReport } from "./WatchersReport.js"

const [url = "", watchersOfEach = "", slowWatchers = "", ...sessions] = process.argv.slice(2)

const decodeFeed = Schema.decodeUnknown(Schema.Array(FeedEvent))

const report: Types.DeepMutable<WatchersReport> = { entries: 0, connections: 0, refused: 0, problems: [], last: {} }

const all = sessions.flatMap((session) => Array.replicate(session, Number(watchersOfEach)))
let watching = 0

const watch = Effect.fnUntraced(function*(sessionId: string, isSlow: boolean) {
  const feed = makeFeedCheck((problem) => report.problems.push(`${sessionId}: ${problem}`))

  const connection = Effect.gen(function*() {
    const frames = yield* Queue.unbounded<Frame>()
    const socket = yield* openWebSocket(url, {
      onMessage: (text) => {
        for (const frame of parseFrames(text)) Queue.unsafeOffer(frames, frame)
      }
    })
    report.connections += 1
    const from = feed.position()
    yield* socket.send(request("1", "Watch", { sessionId, watch: from === undefined ? {} : { from } }))
    const read = Effect.gen(function*() {
      const { exit, values = [] } = yield* Queue.take(frames)
      if (exit !== undefined) {
        const error = exit.cause?.error?.["_tag"]
        // The library's client resumes after these two.
        if (error !== "ServerBusy" && error !== "SlowConsumer") report.problems.push(`${sessionId}: ${error}`)
        yield* Effect.sleep("1 second")
        return true
      }
      const events = yield* decodeFeed(values)
      if (feed.position() === undefined && ++watching === all.length) yield* Console.log("all watch")
      report.entries += events.length
      for (const event of events) feed.take(event)
      if (isSlow) yield* socket.pause.pipe(Effect.zipRight(Effect.sleep("1 seconds")), Effect.zipRight(socket.resume))
      yield* socket.send("{\"_tag\":\"Ack\",\"requestId\":\"1\"}\n")
      return feed.isOver()
    })
    yield* Effect.repeat(read, { until: (over) => over }).pipe(Effect.raceFirst(socket.closed))
  }).pipe(Effect.scoped)

  const lifetime = Effect.map(Random.nextIntBetween(10_000, 40_000), (millis) => Effect.timeoutOption(millis))
  yield* Effect.flatMap(lifetime, (cut) => cut(connection)).pipe(
    Effect.catchTag(
      "NotUpgraded",
      () => Effect.zipRight(Effect.sync(() => report.refused += 1), Effect.sleep("1 second"))
    ),
    Effect.repeat({ until: () => feed.isOver() })
  )
  const number = feed.number()
  if ((report.last[sessionId] ?? number) !== number) report.problems.push(`${sessionId}: watchers saw different ends`)
  report.last[sessionId] = number
})

Effect.forEach(all, (session, index) =>
  // Not all at one moment, which is another test.
  Effect.delay(watch(session, index % Math.ceil(all.length / Number(slowWatchers)) === 0), 3 * index), {
  concurrency: "unbounded",
  discard: true
}).pipe(
  Effect.zipRight(Effect.suspend(() => Console.log(JSON.stringify(report)))),
  NodeRuntime.runMain
)
