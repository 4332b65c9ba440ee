import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import * as TestServer from "../rpc/TestServer.js"
import { type Frame, openSocket, parseFrames, request } from "../rpc/wire.js"
import { openRequest } from "./attack/http.js"
import { bearer, openWebSocket } from "./attack/webSocket.js"

const wrong = [
  "",
  "Bearer",
  "Bearer not-the-token-at-all",
  `${bearer}x`,
  `${bearer} x`,
  bearer.slice(0, -1),
  bearer.toUpperCase(),
  bearer.replace("Bearer ", ""),
  bearer.replace("Bearer", "Basic"),
  `Bearer ${"x".repeat(4096)}`,
  "Bearer \u00ff\u0080"
]
const unlimited = { limits: { wrongTokensPerMinute: 1000 } }
const create = (headers: ReadonlyArray<unknown> = []) =>
  request("1", "Create", { userId: "ada", provider: "mock", model: "mock-model" }, { headers })

const assertNothingDone = Effect.gen(function*() {
  const sessions = yield* SessionManager
  assert.lengthOf((yield* sessions.list("ada")).items, 0)
})

/** Sends a call with an `Authorization` header, and returns status, headers and body of the answer. */
const post = (authorization: string | undefined) =>
  Effect.scoped(Effect.gen(function*() {
    const { url } = yield* SessionServer
    const { head, text } = yield* openRequest(url, { authorization, body: create() })
    return { ...(yield* head), text: yield* text }
  }))

/** The status of an upgrade: 101 when the server opened the WebSocket. */
const upgrade = (authorization: string | undefined) =>
  Effect.scoped(Effect.gen(function*() {
    const { url } = yield* SessionServer
    return yield* Effect.match(openWebSocket(url, { authorization }), {
      onFailure: ({ status }) => status,
      onSuccess: () => 101
    })
  }))

describe("a caller without the token", () => {
  for (const authorization of [undefined, ...wrong]) {
    it.effect(`row 75: is refused over HTTP with ${JSON.stringify(authorization)?.slice(0, 40)}`, () =>
      Effect.gen(function*() {
        const { headers, status, text } = yield* post(authorization)
        assert.strictEqual(status, 401)
        assert.match(headers["www-authenticate"] ?? "", /^Bearer/)
        assert.strictEqual(JSON.parse(text)._tag, "Unauthorized")
        yield* assertNothingDone
      }).pipe(Effect.provide(TestServer.layer(unlimited))))
  }

  it.effect("row 75: is refused over HTTP when the token stands only in the envelope", () =>
    Effect.gen(function*() {
      const { url } = yield* SessionServer
      const body = create([["authorization", bearer]])
      const { head } = yield* openRequest(url, { authorization: undefined, body })
      assert.strictEqual((yield* head).status, 401)
      yield* assertNothingDone
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  it.effect("row 75: opens no WebSocket with a wrong header", () =>
    Effect.gen(function*() {
      for (const authorization of wrong) {
        // An empty header is no header, as a browser has it.
        assert.strictEqual(yield* upgrade(authorization), authorization === "" ? 101 : 401, authorization)
      }
      assert.strictEqual(yield* upgrade(undefined), 101)
      assert.strictEqual(yield* upgrade(bearer), 101)
    }).pipe(Effect.provide(TestServer.layer(unlimited))))

  for (const authorization of [undefined, ...wrong]) {
    it.scoped(`row 75: is refused in an envelope with ${JSON.stringify(authorization)?.slice(0, 40)}`, () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const socket = yield* openSocket(url)
        yield* socket.send(create(authorization === undefined ? [] : [["authorization", authorization]]))
        assert.strictEqual((yield* socket.next).exit?.cause?.error?.["_tag"], "Unauthorized")
        yield* assertNothingDone
      }).pipe(Effect.provide(TestServer.layer(unlimited))))
  }

  for (const authorization of [undefined, ""]) {
    it.scoped(`row 75: may send four messages after an upgrade with ${JSON.stringify(authorization)}, and is closed`, () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const frames: Array<Frame> = []
        const socket = yield* openWebSocket(url, {
          authorization,
          onMessage: (text) => void frames.push(...parseFrames(text))
        })
        yield* Effect.replicateEffect(socket.send(create()), 5)
        assert.strictEqual(yield* socket.closed, 1008)
        assert.isAtMost(frames.length, 4)
        yield* assertNothingDone
      }).pipe(Effect.provide(TestServer.layer())))

    it.scoped(`row 75: may send 64 KiB after an upgrade with ${JSON.stringify(authorization)}, and is closed`, () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const socket = yield* openWebSocket(url, { authorization })
        yield* socket.send(" ".repeat(64 * 1024 + 1), "unfinished")
        assert.strictEqual(yield* socket.closed, 1009)
      }).pipe(Effect.provide(TestServer.layer())))
  }
})

describe("wrong tokens", () => {
  const guess = "Bearer not-the-token-at-all"

  it.effect("row 75: are 429 from the eleventh in a minute on, over HTTP and in upgrades", () =>
    Effect.gen(function*() {
      for (let time = 1; time <= 5; time++) {
        assert.strictEqual((yield* post(guess)).status, 401)
        assert.strictEqual(yield* upgrade(guess), 401)
      }
      const { headers, status, text } = yield* post(guess)
      assert.strictEqual(status, 429)
      assert.isAbove(Number(headers["retry-after"]), 0)
      assert.strictEqual(JSON.parse(text)._tag, "ServerBusy")
      assert.strictEqual(yield* upgrade(guess), 429)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* post(guess)).status, 401)
    }).pipe(Effect.provide(TestServer.layer())))

  it.effect("row 75: in envelopes count too", () =>
    Effect.gen(function*() {
      const { url } = yield* SessionServer
      for (let time = 1; time <= 10; time++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const socket = yield* openSocket(url)
          yield* socket.send(create([["authorization", guess]]))
          assert.strictEqual((yield* socket.next).exit?.cause?.error?.["_tag"], "Unauthorized")
        }))
      }
      assert.strictEqual((yield* post(guess)).status, 429)
    }).pipe(Effect.provide(TestServer.layer())))
})
