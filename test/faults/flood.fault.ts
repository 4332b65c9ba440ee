import { assert, describe, it } from "@effect/vitest"
import { Array, Deferred, Effect, Schedule } from "effect"
import { type Frame, parseFrames, request } from "../rpc/wire.js"
import { create, serverHealth } from "./attack/calls.js"
import { openRequest } from "./attack/http.js"
import { isMeasurable } from "./attack/processFigures.js"
import { assertBearable, startTarget } from "./attack/Target.js"
import { openWebSocket } from "./attack/webSocket.js"

const mebibyte = 1024 * 1024
const empties = (bytes: number) => "{}\n".repeat(Math.floor(bytes / 3))

describe.skipIf(!isMeasurable)("a flood", () => {
  for (const authorization of [undefined, "Bearer wrong-wrong-wrong-wrong"]) {
    const who = authorization === undefined ? "no token" : "a wrong token"

    it.scopedLive(`row 56: of 349,000 lines over HTTP with ${who} is refused before it is read`, () =>
      Effect.gen(function*() {
        const { measure, url } = yield* startTarget()
        const attack = Effect.gen(function*() {
          const { head, size } = yield* openRequest(url, { authorization, body: empties(mebibyte) })
          return { status: (yield* head).status, size: yield* size }
        })
        const { damage, result } = yield* measure(`349,000 lines over HTTP, ${who}`, attack)
        assert.strictEqual(result.status, 401)
        assert.isAtMost(result.size, 1024)
        assertBearable(damage, 64)
      }))
  }

  for (
    const { bytes, codes, options, who } of [
      { who: "a token", options: {}, bytes: mebibyte, codes: [1007] },
      { who: "no token", options: { authorization: undefined }, bytes: 60 * 1024, codes: [1007] },
      // More than such a client may send is not read at all.
      { who: "no token", options: { authorization: undefined }, bytes: mebibyte, codes: [1007, 1008, 1009] }
    ]
  ) {
    it.scopedLive(`row 56: of ${bytes} bytes of lines in one WebSocket message with ${who} gets one error`, () =>
      Effect.gen(function*() {
        const { measure, url } = yield* startTarget()
        const frames: Array<Frame> = []
        const attack = Effect.gen(function*() {
          const socket = yield* openWebSocket(url, {
            ...options,
            onMessage: (text) => void frames.push(...parseFrames(text))
          })
          yield* socket.send(empties(bytes))
          return yield* socket.closed
        })
        const { damage, result } = yield* measure(`${bytes} bytes of lines over a WebSocket, ${who}`, attack)
        assert.include(codes, result)
        assert.isAtMost(frames.length, 1)
        if (result === 1007) assert.deepStrictEqual(frames.map(({ _tag }) => _tag), ["Defect"])
        assertBearable(damage, 64)
      }))
  }

  it.scopedLive(
    "row 56: of 50,000 calls on a WebSocket is answered as busy, or as fast as others allow",
    () =>
      Effect.gen(function*() {
        const { measure, url } = yield* startTarget()
        const frames: Array<Frame> = []
        const answered = yield* Deferred.make<void>()
        const attack = Effect.gen(function*() {
          const socket = yield* openWebSocket(url, {
            onMessage: (text) => {
              frames.push(...parseFrames(text))
              if (frames.length >= 50_000) Deferred.unsafeDone(answered, Effect.void)
            }
          })
          for (const ids of Array.chunksOf(Array.range(1, 50_000), 500)) {
            yield* socket.send(ids.map((id) => request(`${id}`, "Health")).join(""))
          }
          return yield* Effect.raceFirst(socket.closed, Effect.as(Deferred.await(answered), "all answered"))
        })
        const { damage, result } = yield* measure("50,000 calls over a WebSocket", attack)
        // A slow machine never comes to the calls that are too many for a second.
        assert.include([1013, "all answered"], result)
        const errors = frames.map(({ exit }) => exit?.cause?.error).filter((error) => error !== undefined)
        assert.deepStrictEqual(Array.dedupe(["ServerBusy", ...errors.map((error) => error["_tag"])]), ["ServerBusy"])
        assert.isTrue(errors.every((error) => Number(error["retryAfterMs"]) > 0))
        assertBearable(damage, 128)
      }),
    240_000
  )

  it.scopedLive("row 56: of 50,000 calls over HTTP is answered, in part as busy", () =>
    Effect.gen(function*() {
      const { measure, url } = yield* startTarget()
      const bodies = Array.chunksOf(Array.range(1, 50_000), 1000).map((ids) =>
        ids.map((id) => request(`${id}`, "Health")).join("")
      )
      const attack = Effect.forEach(bodies, (body) =>
        Effect.scoped(Effect.gen(function*() {
          const { head, size } = yield* openRequest(url, { body })
          yield* size
          return (yield* head).status
        })), { concurrency: 10 })
      const { damage, result } = yield* measure("50,000 calls over HTTP", attack)
      assert.deepStrictEqual(Array.difference(result, [200, 429]), [])
      assertBearable(damage, 128)
    }))

  for (
    const { name, send } of [
      { name: "pings of the protocol", send: "{\"_tag\":\"Ping\"}\n" },
      { name: "pings of WebSocket", send: undefined },
      { name: "interrupts of nothing", send: "{\"_tag\":\"Interrupt\",\"requestId\":\"7\"}\n" }
    ]
  ) {
    it.scopedLive(`row 56: of 50,000 ${name} does not keep others waiting`, () =>
      Effect.gen(function*() {
        const { measure, url } = yield* startTarget()
        const attack = Effect.gen(function*() {
          const answered = yield* Deferred.make<void>()
          const socket = yield* openWebSocket(url, {
            onMessage: (text) => {
              if (text.includes("\"Exit\"")) Deferred.unsafeDone(answered, Effect.void)
            }
          })
          yield* Effect.replicateEffect(send === undefined ? socket.ping : socket.send(send), 50_000, { discard: true })
          // Answered after all that was sent before it, unless the server has closed the socket.
          yield* socket.send(request("1", "Health"))
          yield* Effect.raceFirst(Deferred.await(answered), socket.closed)
        })
        const { damage } = yield* measure(`50,000 ${name}`, attack)
        assertBearable(damage, 128)
      }))
  }

  for (
    const { open, transport } of [
      {
        transport: "WebSocket",
        open: (url: string, lines: string) => Effect.flatMap(openWebSocket(url), ({ send }) => send(lines))
      },
      { transport: "HTTP", open: (url: string, body: string) => openRequest(url, { body }) }
    ]
  ) {
    it.scopedLive(`row 56: of 5,000 watchers over ${transport} leaves room for the calls of others`, () =>
      Effect.gen(function*() {
        const { measure, url } = yield* startTarget()
        const sessionId = yield* create(url)
        const lines = Array.makeBy(1000, (id) => request(`${id}`, "Watch", { sessionId, watch: {} })).join("")
        const attack = Effect.gen(function*() {
          // Spaced, since the calls of one address are limited too.
          yield* Effect.replicateEffect(Effect.zipLeft(open(url, lines), Effect.sleep("600 millis")), 5)
          yield* Effect.repeat(serverHealth(url), {
            until: ({ streams }) => streams === 5000,
            schedule: Schedule.spaced("100 millis")
          })
          const { head } = yield* openRequest(url, { body: request("1", "Health") })
          assert.strictEqual((yield* head).status, 200)
        })
        const { damage } = yield* measure(`5,000 watchers over ${transport}`, attack)
        // What 5,000 streams cost: about 80 KB each.
        assertBearable(damage, 512)
      }))
  }
})
