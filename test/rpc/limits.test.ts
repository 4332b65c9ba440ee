import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Layer, type Scope, TestClock } from "effect"
import { SessionServer, type SessionServerOptions } from "../../src/rpc/SessionServer.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { frame, openRawSocket } from "./rawSocket.js"
import * as TestServer from "./TestServer.js"
import { authorized, openAuthorizedSocket, openSocket, post, request, send } from "./wire.js"

const [, bearer = ""] = authorized[0] ?? []
const health = request("1", "Health")
const wrong = { authorization: "Bearer not-the-token-at-all" }

/** The server's own view of its connections. */
const status = (url: string) => Effect.map(post(url, health), ({ text }) => JSON.parse(text).exit.value.server)

/** Lets the server see what happened on its sockets. */
const until = (condition: Effect.Effect<boolean, Error>) =>
  Effect.repeat(Effect.zipLeft(condition, eventLoopTurn), { until: (holds) => holds })

const test = <E>(
  title: string,
  options: Partial<SessionServerOptions>,
  body: (url: string, port: number) => Effect.Effect<void, E, Scope.Scope>
) =>
  it.scoped(title, () =>
    Effect.flatMap(SessionServer, ({ port, url }) => body(url, port)).pipe(
      Effect.provide(TestServer.layer(options))
    ))

describe("a WebSocket without a token", () => {
  test(
    "is closed after 10 seconds without an authorised call; one that made a call stays open",
    {},
    (url) =>
      Effect.gen(function*() {
        const silent = yield* openSocket(url)
        const calling = yield* openSocket(url)
        yield* calling.send(health)
        yield* calling.next
        yield* TestClock.adjust("9 seconds")
        assert.deepInclude(yield* status(url), { unauthorizedConnections: 1 })
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* silent.closed, 1008)
        yield* TestClock.adjust("10 seconds")
        yield* calling.send(health)
        assert.strictEqual((yield* calling.next).exit?._tag, "Success")
      })
  )

  test("may send 4 messages before its first authorised call", {}, (url) =>
    Effect.gen(function*() {
      const ping = "{\"_tag\":\"Ping\"}\n"
      const late = yield* openSocket(url)
      for (let count = 0; count < 3; count++) yield* late.send(ping)
      yield* late.send(health)
      assert.deepStrictEqual((yield* Effect.replicateEffect(late.next, 4)).at(3)?.exit?._tag, "Success")
      yield* late.send(ping)
      assert.strictEqual((yield* late.next)._tag, "Pong")
      const never = yield* openSocket(url)
      for (let count = 0; count < 5; count++) yield* never.send(ping)
      assert.strictEqual(yield* never.closed, 1008)
    }))

  test("may send messages of 64 KiB", {}, (url) =>
    Effect.gen(function*() {
      const small = yield* openSocket(url)
      yield* small.send(health.padEnd(64 * 1024, "\n"))
      assert.strictEqual((yield* small.next).exit?._tag, "Success")
      const large = yield* openSocket(url)
      yield* large.send(health.padEnd(64 * 1024 + 1, "\n"))
      assert.strictEqual(yield* large.closed, 1009)
    }))

  test("is cut when a message is too large, before the rest of it arrives", {}, (_, port) =>
    Effect.gen(function*() {
      const socket = yield* openRawSocket(port)
      const ended = yield* Deferred.make<void>()
      socket.socket.on("end", () => Deferred.unsafeDone(ended, Effect.void))
      yield* socket.write(frame(1, 1_000_000).subarray(0, 1000))
      // A client that answers no close would otherwise be waited for.
      yield* Deferred.await(ended)
      assert.isTrue(socket.last().includes("too large"))
    }))

  test(
    "is refused when its header has a wrong token, and accepted with the right one",
    {},
    (url) =>
      Effect.gen(function*() {
        const upgrade = {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
        }
        const refused = yield* send(`${url}/rpc`, { headers: { ...upgrade, ...wrong } })
        assert.deepStrictEqual([refused.status, refused.headers["www-authenticate"]], [401, "Bearer"])
        const accepted = yield* openAuthorizedSocket(url)
        yield* accepted.send(request("1", "Health", undefined, { headers: [] }))
        assert.strictEqual((yield* accepted.next).exit?._tag, "Success")
        assert.strictEqual((yield* send(`${url}/elsewhere`, { headers: upgrade })).status, 404)
      })
  )

  test(
    "makes room when there are too many: the oldest is closed",
    { limits: { unauthorizedConnections: 2 } },
    (url) =>
      Effect.gen(function*() {
        const first = yield* openSocket(url)
        const second = yield* openSocket(url)
        yield* openSocket(url)
        assert.strictEqual(yield* first.closed, 1006)
        yield* second.send(health)
        assert.strictEqual((yield* second.next).exit?._tag, "Success")
      })
  )
})

describe("wrong tokens", () => {
  test(
    "are answered with 429 after 10 in a minute, over each transport; the right one still counts",
    {},
    (url) =>
      Effect.gen(function*() {
        for (let count = 0; count < 9; count++) assert.strictEqual((yield* post(url, health, wrong)).status, 401)
        const socket = yield* openSocket(url)
        yield* socket.send(request("1", "Health", undefined, { headers: [["authorization", wrong.authorization]] }))
        assert.strictEqual((yield* socket.next).exit?.cause?.error?.["_tag"], "Unauthorized")
        const { headers, status, text } = yield* post(url, health, wrong)
        assert.deepStrictEqual([status, headers["retry-after"]], [429, "60"])
        assert.deepInclude(JSON.parse(text), { _tag: "ServerBusy", retryAfterMs: 60_000 })
        assert.strictEqual((yield* post(url, health, { authorization: "" })).status, 401)
        assert.strictEqual((yield* post(url, health)).status, 200)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* post(url, health, wrong)).status, 401)
      })
  )

  test(
    "lock an address behind a trusted proxy, whatever it sends then",
    { trustedProxies: ["127.0.0.1"], limits: { wrongTokensPerMinute: 1 } },
    (url) =>
      Effect.gen(function*() {
        const answers = yield* Effect.forEach(
          [{ ...wrong, "x-forwarded-for": "192.0.2.1" }, { "x-forwarded-for": "192.0.2.1" }, {
            "x-forwarded-for": "192.0.2.2"
          }],
          (headers) => post(url, health, headers)
        )
        assert.deepStrictEqual(answers.map(({ status }) => status), [401, 429, 200])
      })
  )

  test(
    "of others at its address do not concern a WebSocket that is open",
    { trustedProxies: ["127.0.0.1"], limits: { wrongTokensPerMinute: 1 } },
    (url) =>
      Effect.gen(function*() {
        const headers = { "x-forwarded-for": "192.0.2.1" }
        const socket = yield* openSocket(url, headers)
        yield* socket.send(health)
        yield* socket.next
        yield* post(url, health, { ...wrong, ...headers })
        assert.strictEqual((yield* post(url, health, headers)).status, 429)
        yield* socket.send(health)
        assert.strictEqual((yield* socket.next).exit?._tag, "Success")
      })
  )
})

describe("connections", () => {
  test(
    "of one address behind a trusted proxy are bounded",
    { trustedProxies: ["127.0.0.1"], limits: { connectionsPerAddress: 1 } },
    (url) =>
      Effect.gen(function*() {
        const headers = { authorization: bearer, "x-forwarded-for": "192.0.2.1" }
        const first = yield* openSocket(url, headers)
        assert.strictEqual((yield* post(url, health, headers)).status, 429)
        assert.strictEqual((yield* post(url, health, { "x-forwarded-for": "192.0.2.2" })).status, 200)
        first.socket.close()
        yield* first.closed
        yield* until(Effect.map(post(url, health, headers), ({ status }) => status === 200))
      })
  )

  test("are bounded in all", { limits: { connections: 2 } }, (url) =>
    Effect.gen(function*() {
      yield* openAuthorizedSocket(url)
      yield* openAuthorizedSocket(url)
      assert.instanceOf(yield* Effect.flip(post(url, health)), Error)
    }))

  test(
    "and limits are shown by health",
    { limits: { streams: 7, unreadTimeout: "7 seconds" } },
    (url) =>
      Effect.gen(function*() {
        yield* openSocket(url)
        const socket = yield* openAuthorizedSocket(url)
        yield* socket.send(health)
        const value = (yield* socket.next).exit?.value
        assert.deepStrictEqual((value as { readonly server: object }).server, {
          connections: 2,
          unauthorizedConnections: 1,
          calls: 1,
          streams: 0,
          blockedConnections: 0,
          limits: {
            connections: 20_000,
            unauthorizedConnections: 512,
            connectionsPerAddress: 1024,
            newConnectionsPerMinute: 128,
            wrongTokensPerMinute: 10,
            callsPerConnection: 1024,
            streamsPerConnection: 1024,
            calls: 8192,
            streams: 7,
            callBurst: 4096,
            callsPerSecond: 2000,
            unreadBytes: 1_048_576,
            unreadTimeout: 7000,
            encodingBytes: 33_554_432
          }
        })
      })
  )

  it.scoped("refuses limits that do not exist or make no sense, by name", () =>
    Effect.gen(function*() {
      const limits = { connection: 1, calls: 0, streams: 1.5, unreadTimeout: "soon" } as object
      const options = { limits, allowedOrigins: ["https://a.example.com/path"], trustedProxies: ["proxy"] }
      const error = yield* Effect.flip(Layer.build(TestServer.layer({ ...options, allowedHosts: ["a b"] })))
      assert(error._tag === "ConfigurationError")
      for (const name of ["connection is not", "calls must", "streams must", "unreadTimeout must"]) {
        assert.include(error.message, `limits.${name}`)
      }
      for (const name of ["allowedHosts", "allowedOrigins", "trustedProxies"]) assert.include(error.message, name)
    }))
})

describe("a client that vanished", () => {
  test("is disconnected after two missed pings, and frees its stream", {}, (url, port) =>
    Effect.gen(function*() {
      const socket = yield* openRawSocket(port, { authorization: bearer })
      const present = yield* openAuthorizedSocket(url)
      const pings = () => Chunk.fromIterable(socket.received()).pipe(Chunk.filter((byte) => byte === 0x89), Chunk.size)
      for (const count of [1, 2]) {
        yield* TestClock.adjust("15 seconds")
        yield* until(Effect.sync(() => pings() === count))
      }
      yield* until(Effect.map(status(url), ({ connections }) => connections === 3))
      yield* TestClock.adjust("15 seconds")
      yield* socket.closed
      yield* present.send(health)
      assert.deepInclude((yield* present.next).exit?.value, { status: "ok" })
    }))

  for (
    const { what, bytes } of [
      { what: "part of a frame", bytes: frame(1, 1000).subarray(0, 500) },
      { what: "part of a header", bytes: frame(1, 70_000).subarray(0, 3) },
      { what: "a message without its last frame", bytes: frame(1, 1000, false) },
      { what: "such a message with a pong", bytes: Buffer.concat([frame(1, 1000, false), frame(10, 0)]) }
    ]
  ) {
    test(`is disconnected 30 seconds after ${what}`, {}, (url, port) =>
      Effect.gen(function*() {
        const socket = yield* openRawSocket(port, { authorization: bearer })
        yield* socket.write(bytes)
        // The server has read it when it answers another request.
        yield* status(url)
        yield* TestClock.adjust("29 seconds")
        assert.isFalse(socket.socket.destroyed)
        yield* TestClock.adjust("1 second")
        yield* until(Effect.sync(() => socket.received().includes(Buffer.from("a message did not end"))))
        yield* TestClock.adjust("6 seconds")
        yield* socket.closed
      }))
  }
})

describe("calls", () => {
  test("beyond a bucket are refused with the time to wait, and a flood ends the socket", {
    limits: { callBurst: 3, callsPerSecond: 2 }
  }, (url) =>
    Effect.gen(function*() {
      const socket = yield* openAuthorizedSocket(url)
      const outcomes = (count: number) =>
        socket.send(health.repeat(1)).pipe(
          Effect.zipRight(socket.next),
          Effect.map(({ exit }) => exit?.cause?.error?.["_tag"] ?? exit?._tag),
          Effect.replicateEffect(count)
        )
      assert.deepStrictEqual(yield* outcomes(4), ["Success", "Success", "Success", "ServerBusy"])
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* outcomes(2), ["Success", "ServerBusy"])
      yield* socket.send(health)
      assert.strictEqual((yield* socket.next).exit?.cause?.error?.["retryAfterMs"], 500)
      const other = yield* openAuthorizedSocket(url)
      yield* other.send(health)
      assert.strictEqual((yield* other.next).exit?._tag, "Success")
      yield* socket.send(health)
      yield* socket.next
      yield* socket.send(health)
      assert.strictEqual((yield* socket.next).defect?.["_tag"], "ServerBusy")
      assert.strictEqual(yield* socket.closed, 1013)
    }))

  test(
    "over HTTP share a bucket for each address",
    { limits: { callBurst: 2, callsPerSecond: 1 } },
    (url) =>
      Effect.gen(function*() {
        const outcome = Effect.map(post(url, health), ({ text }) => JSON.parse(text).exit._tag)
        assert.deepStrictEqual(yield* Effect.replicateEffect(outcome, 3), ["Success", "Success", "Failure"])
      })
  )
})
