import { assert, describe, it } from "@effect/vitest"
import { Array, Duration, Effect, Schedule, type Scope } from "effect"
import { request } from "../rpc/wire.js"
import { createBig } from "./attack/calls.js"
import { openRequest } from "./attack/http.js"
import { isMeasurable } from "./attack/processFigures.js"
import { assertBearable, startTarget, type Target } from "./attack/Target.js"
import { type NotUpgraded, openWebSocket } from "./attack/webSocket.js"

/** A client that asks for something and reads none of it. `close` reads it in the end, and returns the code of the close. */
type Idler = (
  url: string,
  lines: string
) => Effect.Effect<{ readonly close: Effect.Effect<number | undefined> }, NotUpgraded, Scope.Scope>

const overWebSocket: Idler = Effect.fnUntraced(function*(url, lines) {
  const socket = yield* openWebSocket(url)
  yield* socket.pause
  yield* socket.send(lines)
  // A stream waits for this after each piece. The client does not read the pieces it acknowledges.
  yield* socket.send("{\"_tag\":\"Ack\",\"requestId\":\"1\"}\n").pipe(
    Effect.repeat(Schedule.spaced("200 millis")),
    Effect.forkScoped
  )
  return { close: Effect.zipRight(socket.resume, socket.closed) }
})

const overHttp: Idler = Effect.fnUntraced(function*(url, lines) {
  const { head, size } = yield* openRequest(url, { body: lines })
  yield* head
  // HTTP has no code of a close.
  return { close: Effect.as(size, undefined) }
})

/** Opens clients that do not read, waits until the server has closed them all, and returns how long that took. */
const idle = (target: Target, open: Idler, clients: number, lines: string) =>
  Effect.gen(function*() {
    const opened = yield* Effect.replicateEffect(open(target.url, lines), clients)
    // One connection is that of the probe.
    const [waited] = yield* Effect.timed(target.untilConnections(1))
    return { seconds: Duration.toSeconds(waited), codes: yield* Effect.forEach(opened, ({ close }) => close) }
  })

const messagesOf = (sessionId: string, ids: ReadonlyArray<number>) =>
  ids.map((id) => request(`${id}`, "Messages", { sessionId, query: { limit: 10 } })).join("")

/** After 30 seconds, and not before. HTTP has no code; what waits on a WebSocket may stand before the code. */
const assertClosed = ({ codes, seconds }: Effect.Effect.Success<ReturnType<typeof idle>>) => {
  assert.isAtLeast(seconds, 25)
  assert.isAtMost(seconds, 45)
  assert.deepStrictEqual(Array.difference(codes, [undefined, 1006, 1013]), [])
}

describe.skipIf(!isMeasurable)("answers that nobody reads", () => {
  for (
    const { open, transport } of [
      { transport: "WebSocket", open: overWebSocket },
      { transport: "HTTP", open: overHttp }
    ]
  ) {
    it.scopedLive(`row 54: 1,000 of 2.4 MB over ${transport} close their connection, and not the server`, () =>
      Effect.gen(function*() {
        const target = yield* startTarget({ heap: 512 })
        const lines = messagesOf(yield* createBig(target.url, 10), Array.range(1, 1000))
        const { damage, result } = yield* target.measure(
          `1,000 unread answers of 2.4 MB over ${transport}`,
          idle(target, open, 1, lines)
        )
        assertClosed(result)
        assertBearable(damage, 256)
      }))

    it.scopedLive(`row 54: 150 watchers of large events that do not read over ${transport} are closed`, () =>
      Effect.gen(function*() {
        const target = yield* startTarget({ heap: 512 })
        const sessionId = yield* createBig(target.url, 40)
        const { damage, result } = yield* target.measure(
          `150 watchers that do not read over ${transport}`,
          idle(target, open, 150, request("1", "Watch", { sessionId, watch: {} }))
        )
        assertClosed(result)
        // 150 times the 1 MiB that may wait, and the event that comes on top.
        assertBearable(damage, 384)
      }))
  }
})

describe.skipIf(!isMeasurable)("large answers that are read", () => {
  const answers = 300
  const bytesOfAnswer = 10 * 240 * 1024

  it.scopedLive(`row 54: 300 of 2.4 MB over WebSocket do not keep others waiting`, () =>
    Effect.gen(function*() {
      const { measure, url } = yield* startTarget({ heap: 256 })
      const sessionId = yield* createBig(url, 10)
      const clients = 10
      const ids = Array.range(1, answers / clients)
      const client = Effect.scoped(Effect.gen(function*() {
        const socket = yield* openWebSocket(url)
        yield* socket.send(messagesOf(sessionId, ids))
        const isComplete = () => socket.received().bytes > ids.length * bytesOfAnswer
        return yield* Effect.repeat(Effect.sync(isComplete), {
          until: (complete) => complete,
          schedule: Schedule.spaced("50 millis")
        }).pipe(Effect.as("complete"), Effect.raceFirst(socket.closed))
      }))
      const { damage, result } = yield* measure(
        "300 answers of 2.4 MB over a WebSocket",
        Effect.replicateEffect(client, clients, { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(Array.dedupe(result), ["complete"])
      assertBearable(damage, 256)
    }))

  it.scopedLive("row 54: 300 of 2.4 MB over HTTP do not keep others waiting", () =>
    Effect.gen(function*() {
      const { measure, url } = yield* startTarget({ heap: 256 })
      const body = messagesOf(yield* createBig(url, 10), [1])
      const client = Effect.scoped(Effect.flatMap(openRequest(url, { body }), ({ size }) => size))
      const { damage, result } = yield* measure(
        "300 answers of 2.4 MB over HTTP",
        Effect.replicateEffect(client, answers, { concurrency: 30 })
      )
      assert.isTrue(result.every((size) => size > bytesOfAnswer))
      assertBearable(damage, 256)
    }))
})
