import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import type { ServerStatus } from "../../src/domain/Store.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { openRawSocket } from "./rawSocket.js"
import * as TestServer from "./TestServer.js"
import { authorized, openAuthorizedSocket, openPost, parseFrames, post, request } from "./wire.js"

const [, bearer = ""] = authorized[0] ?? []

/** A session whose messages take about 2 MB to send. */
const largeSession = Effect.gen(function*() {
  const session = yield* Effect.flatMap(
    SessionManager,
    (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
  )
  for (let count = 0; count < 4; count++) yield* session.send(`${count}`.repeat(250_000))
  return session
})

const serverStatus = (url: string): Effect.Effect<ServerStatus, Error> =>
  Effect.map(post(url, request("1", "Health")), ({ text }) => JSON.parse(text).exit.value.server)

const untilBlocked = (url: string, count: number) =>
  Effect.repeat(Effect.zipLeft(serverStatus(url), eventLoopTurn), {
    until: ({ blockedConnections }) => blockedConnections === count
  })

const until = (condition: () => boolean) => Effect.repeat(eventLoopTurn, { until: condition })

/** A text frame of a client. */
const textFrame = (text: string) => {
  const length = Buffer.byteLength(text)
  return Buffer.concat([Buffer.from([0x81, 0x80 | 126, length >> 8, length & 0xff, 0, 0, 0, 0]), Buffer.from(text)])
}

const sixteenReads = (sessionId: string) =>
  Array.from({ length: 16 }, (_, index) => request(`${index}`, "Messages", { sessionId, query: {} })).join("")

describe("a client that does not read", () => {
  it.scoped(
    "is not read from, gets every answer once it reads, and delays no other client",
    () =>
      Effect.gen(function*() {
        const { port, url } = yield* SessionServer
        const { id } = yield* largeSession
        const { length, socket, write } = yield* openRawSocket(port, { authorization: bearer })
        socket.pause()
        yield* write(textFrame(sixteenReads(id)))
        yield* untilBlocked(url, 1)
        const other = yield* openAuthorizedSocket(url)
        yield* other.send(request("1", "Messages", { sessionId: id, query: {} }))
        assert.strictEqual((yield* other.next).exit?._tag, "Success")
        // All calls came in one message. The answers that it does not read are not even made.
        assert.isAtLeast((yield* serverStatus(url)).calls, 10)
        assert.isBelow(length(), 10_000_000)
        yield* Effect.sync(() => socket.resume())
        yield* until(() => length() > 30_000_000)
        yield* untilBlocked(url, 0)
      }).pipe(Effect.provide(TestServer.layer())),
    60_000
  )

  it.scoped("has 30 seconds to end a message from when it is read again", () =>
    Effect.gen(function*() {
      const { port, url } = yield* SessionServer
      const { id } = yield* largeSession
      const { last, socket, write } = yield* openRawSocket(port, { authorization: bearer })
      socket.pause()
      const next = textFrame(request("99", "Health").padEnd(200, "\n"))
      yield* write(Buffer.concat([textFrame(sixteenReads(id)), next.subarray(0, 20)]))
      yield* untilBlocked(url, 1)
      yield* TestClock.adjust("29 seconds")
      yield* Effect.sync(() => socket.resume())
      yield* untilBlocked(url, 0)
      yield* TestClock.adjust("2 seconds")
      yield* write(next.subarray(20))
      yield* until(() => last().includes("\"requestId\":\"99\""))
    }).pipe(Effect.provide(TestServer.layer())))

  it.scoped("is disconnected after 30 seconds, over a WebSocket", () =>
    Effect.gen(function*() {
      const { port, url } = yield* SessionServer
      const { id } = yield* largeSession
      const { closed, last, socket, write } = yield* openRawSocket(port, { authorization: bearer })
      socket.pause()
      yield* write(textFrame(sixteenReads(id)))
      yield* untilBlocked(url, 1)
      yield* TestClock.adjust("29 seconds")
      yield* untilBlocked(url, 1)
      yield* TestClock.adjust("1 second")
      yield* untilBlocked(url, 0)
      yield* Effect.sync(() => socket.resume())
      yield* until(() => last().includes("too much was left unread"))
      yield* TestClock.adjust("5 seconds")
      yield* closed
    }).pipe(Effect.provide(TestServer.layer())))

  it.scoped("is disconnected after 30 seconds, over HTTP", () =>
    Effect.gen(function*() {
      const { url } = yield* SessionServer
      const { id } = yield* largeSession
      const { closed, end, response, write } = yield* openPost(url)
      yield* write(sixteenReads(id))
      yield* end
      const incoming = yield* response
      incoming.pause()
      yield* untilBlocked(url, 1)
      yield* TestClock.adjust("29 seconds")
      yield* untilBlocked(url, 1)
      yield* TestClock.adjust("1 second")
      yield* untilBlocked(url, 0)
      yield* Effect.sync(() => incoming.resume())
      yield* closed
      assert.isFalse(incoming.complete)
    }).pipe(Effect.provide(TestServer.layer())))
})

describe("an answer over HTTP", () => {
  it.scoped("begins before the whole body has arrived", () =>
    Effect.gen(function*() {
      const { url } = yield* SessionServer
      const { end, received, response, write } = yield* openPost(url)
      yield* write(request("1", "Health") + request("2", "Health").slice(0, 20))
      yield* response
      yield* until(() => received().includes("\n"))
      assert.deepStrictEqual(parseFrames(received()).map(({ requestId }) => requestId), ["1"])
      yield* write(request("2", "Health").slice(20) + request("3", "Health").trimEnd())
      yield* end
      yield* until(() => parseFrames(received()).length === 3)
    }).pipe(Effect.provide(TestServer.layer())))

  it.scoped("sends a heartbeat every 15 seconds that it is idle, and proxies do not hold it back", () =>
    Effect.gen(function*() {
      const { url } = yield* SessionServer
      const session = yield* Effect.flatMap(
        SessionManager,
        (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
      )
      const { end, received, response, write } = yield* openPost(url)
      yield* write(request("1", "Watch", { sessionId: session.id, watch: {} }))
      yield* end
      const { headers } = yield* response
      assert.strictEqual(headers["x-accel-buffering"], "no")
      yield* until(() => received().includes("SessionCreated"))
      const heartbeats = () => parseFrames(received()).filter(({ _tag }) => _tag === "Pong").length
      for (const count of [1, 2]) {
        yield* TestClock.adjust("15 seconds")
        yield* until(() => heartbeats() === count)
      }
      yield* session.send("hello")
      yield* until(() => received().includes("TurnCompleted"))
      yield* TestClock.adjust("14 seconds")
      assert.strictEqual(heartbeats(), 2)
    }).pipe(Effect.provide(TestServer.layer())))
})
