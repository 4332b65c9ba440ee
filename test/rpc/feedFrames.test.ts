import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { start } from "../host/anotherHost.js"
import * as TestServer from "./TestServer.js"
import { openSocket, request } from "./wire.js"

const acknowledgement = "{\"_tag\":\"Ack\",\"requestId\":\"7\"}\n"

describe("a feed over a socket", () => {
  layer(TestServer.layer())((it) => {
    it.scoped("arrives in frames of at most 64 KiB of events, or one event, stored or live", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const session = yield* start
        const add = (size: number) => session.sendSystem("x".repeat(size))
        const sizes = [30_000, 30_000, 30_000, 200_000, 30_000, 30_000, 10]
        yield* Effect.forEach(sizes, add)
        const socket = yield* openSocket(url)
        const frame = Effect.map(
          socket.next,
          ({ values = [] }) => values.map(({ event }) => Number(Object(event)["number"]))
        )
        yield* socket.send(request("7", "Watch", { sessionId: session.id, watch: {} }))
        const stored = [yield* frame]
        for (let count = 0; count < 3; count++) {
          yield* socket.send(acknowledgement)
          stored.push(yield* frame)
        }
        assert.deepStrictEqual(stored, [[1, 2, 3], [4], [5], [6, 7, 8]])

        // Nothing is sent before the last frame is acknowledged. Meanwhile more happens than one frame holds.
        yield* Effect.forEach(sizes, add)
        const live: Array<ReadonlyArray<number>> = []
        while (!live.flat().includes(15)) {
          yield* socket.send(acknowledgement)
          live.push(yield* frame)
        }
        assert.deepStrictEqual(live.flat(), [9, 10, 11, 12, 13, 14, 15])
        // The server may have taken the first one before the others came.
        assert.isTrue(live.every(({ length }) => length <= 3))
        assert.includeDeepMembers(live, [[12]])
      }))
  })
})
