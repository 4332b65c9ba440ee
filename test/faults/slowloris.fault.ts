import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import { isMeasurable } from "./attack/processFigures.js"
import { assertBearable, startTarget } from "./attack/Target.js"
import { openTcp } from "./attack/tcp.js"
import { bearer, openWebSocket } from "./attack/webSocket.js"

const requestLine = (headers: ReadonlyArray<string>) =>
  ["POST /rpc HTTP/1.1", "host: 127.0.0.1", "content-type: application/ndjson", ...headers].join("\r\n")

const upgrade = [
  "GET /rpc HTTP/1.1",
  "host: 127.0.0.1",
  `authorization: ${bearer}`,
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
].join("\r\n")

/** The start of a masked text frame of 1,000,000 bytes, half of it. */
const halfAFrame = new Uint8Array(500_014).fill(0x20)
halfAFrame.set([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0])

const secondsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([waited]) => Duration.toSeconds(waited))

/** Connections are looked at once a second, and 200 of them take a while to open. */
const slack = 10

const twiceASecond = Schedule.spaced("500 millis")

// Concurrent, because each test has its own server and mostly waits for it.
describe.skipIf(!isMeasurable)("a peer that sends slowly", { concurrent: true }, () => {
  for (
    const { first, next, seconds, what } of [
      { what: "headers", first: requestLine(["x-slow: "]), next: "x", seconds: 10 },
      {
        what: "a body with a token",
        first: requestLine([`authorization: ${bearer}`, "content-length: 100000\r\n\r\n"]),
        next: "\n",
        seconds: 30
      },
      {
        what: "a body without a token",
        first: requestLine(["content-length: 100000\r\n\r\n"]),
        next: "\n",
        seconds: 10
      }
    ]
  ) {
    it.scopedLive(`row 58: ${what}, two bytes a second, is closed within ${seconds} seconds`, () =>
      Effect.gen(function*() {
        const { url } = yield* startTarget()
        const connection = yield* openTcp(url)
        yield* connection.write(first)
        yield* Effect.forkScoped(Effect.repeat(connection.write(next), twiceASecond))
        assert.isAtMost(yield* secondsOf(connection.closed), seconds + slack)
      }))
  }

  for (
    const { growth, open, seconds, what } of [
      {
        what: "in pieces, with a token",
        open: Effect.fnUntraced(function*(url: string) {
          const socket = yield* openWebSocket(url)
          yield* socket.send(" ".repeat(1_000_000), "unfinished")
          yield* Effect.forkScoped(Effect.repeat(socket.send(" ", "unfinished"), twiceASecond))
        }),
        // All may hold what a message may have, for as long as it may take.
        growth: 320,
        seconds: 30
      },
      {
        what: "in one frame, with a token",
        open: Effect.fnUntraced(function*(url: string) {
          const connection = yield* openTcp(url)
          yield* connection.write(upgrade)
          yield* connection.write(halfAFrame)
        }),
        growth: 320,
        seconds: 30
      },
      {
        what: "in pieces, without a token",
        open: Effect.fnUntraced(function*(url: string) {
          const socket = yield* openWebSocket(url, { authorization: undefined })
          yield* socket.send(" ".repeat(1_000_000), "unfinished")
        }),
        growth: 128,
        seconds: 10
      }
    ]
  ) {
    it.scopedLive(`row 58: 200 WebSocket messages that never end, ${what}, are closed within ${seconds} seconds`, () =>
      Effect.gen(function*() {
        const { measure, untilConnections, url } = yield* startTarget()
        const attack = Effect.zipRight(
          Effect.replicateEffect(open(url), 200, { concurrency: 50, discard: true }),
          secondsOf(untilConnections(1))
        )
        const { damage, result } = yield* measure(`200 unfinished messages ${what}`, attack)
        assert.isAtMost(result, seconds + slack)
        assertBearable(damage, growth)
      }))
  }
})
