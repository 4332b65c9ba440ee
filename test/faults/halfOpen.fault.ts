import { assert, describe, it } from "@effect/vitest"
import { Array, Duration, Effect, type Scope } from "effect"
import { parseFrames, request } from "../rpc/wire.js"
import { create, serverHealth } from "./attack/calls.js"
import { openRequest } from "./attack/http.js"
import { highestOf, isMeasurable } from "./attack/processFigures.js"
import { assertBearable, startTarget } from "./attack/Target.js"
import { openTcp } from "./attack/tcp.js"
import { watchAndStop, watchOverBlackHole } from "./attack/vanishing.js"
import { type NotUpgraded, openWebSocket } from "./attack/webSocket.js"

/** Opens a connection of which the test needs to know only when it is closed. */
type Open = (url: string) => Effect.Effect<{ readonly closed: Effect.Effect<unknown> }, NotUpgraded, Scope.Scope>

const silentWebSocket: Open = (url) => openWebSocket(url, { authorization: undefined })
const silentTcp: Open = openTcp

const secondsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([waited]) => Duration.toSeconds(waited))

// Concurrent, because each test has its own server and mostly waits for it.
describe.skipIf(!isMeasurable)("a peer that says nothing", { concurrent: true }, () => {
  for (
    const { vanish, what } of [
      { what: "is stopped", vanish: watchAndStop },
      { what: "is behind a network that delivers nothing", vanish: watchOverBlackHole }
    ]
  ) {
    it.scopedLive(`row 57: and watches is closed within 45 seconds when it ${what}`, () =>
      Effect.gen(function*() {
        const { untilConnections, url } = yield* startTarget()
        yield* vanish(url, yield* create(url))
        assert.strictEqual((yield* serverHealth(url)).streams, 1)
        // Connections are looked at once a second.
        assert.isAtMost(yield* secondsOf(untilConnections(0)), 47)
        assert.strictEqual((yield* serverHealth(url)).streams, 0)
      }))
  }

  for (
    const { open, what } of [
      { what: "WebSocket without a token", open: silentWebSocket },
      { what: "connection without a request", open: silentTcp }
    ]
  ) {
    it.scopedLive(`row 57: on a ${what} is closed within 10 seconds`, () =>
      Effect.gen(function*() {
        const { url } = yield* startTarget()
        const { closed } = yield* open(url)
        // Connections are looked at once a second.
        assert.isAtMost(yield* secondsOf(closed), 12)
      }))

    it.scopedLive(`row 57: on 5,000 of a ${what} leaves 512 of them open, and room for others`, () =>
      Effect.gen(function*() {
        const { connections, measure, url } = yield* startTarget()
        const concurrency = 50
        const attack = Effect.gen(function*() {
          const most = yield* highestOf(connections)
          yield* Effect.forEach(Array.range(1, 5000), () => Effect.either(open(url)), { concurrency, discard: true })
          const socket = yield* openWebSocket(url, {
            onMessage: (text) => assert.strictEqual(parseFrames(text)[0]?.exit?._tag, "Success")
          })
          yield* socket.send(request("1", "Health"))
          const { head, size } = yield* openRequest(url, { body: request("1", "Health") })
          assert.strictEqual((yield* head).status, 200)
          assert.isAbove(yield* size, 0)
          return yield* most.highest
        })
        const { damage, result } = yield* measure(`5,000 of a silent ${what}`, attack)
        // Beside these: the probe, and those that are being refused.
        assert.isAtMost(result, 512 + 2 * concurrency)
        assertBearable(damage, 256)
      }))
  }
})
