import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { token } from "./token.js"
import { openSocket, post, request } from "./wire.js"

const health = request("1", "Health")

/** A server whose `health` never returns, with signals for when it is called and when it is interrupted. */
const serve = Effect.gen(function*() {
  const asked = yield* Deferred.make<void>()
  const givenUp = yield* Deferred.make<void>()
  const Silent = Layer.effect(
    SessionManager,
    Effect.map(SessionManager, (sessions) => ({
      ...sessions,
      health: Deferred.succeed(asked, undefined).pipe(
        Effect.zipRight(Effect.never),
        Effect.onInterrupt(() => Deferred.succeed(givenUp, undefined))
      )
    }))
  )
  const server = yield* Layer.build(
    SessionServer.layer({ token, port: 0, drainTimeout: 0 }).pipe(
      Layer.provide(Silent),
      Layer.provide(SessionRuntime.layerTest())
    )
  )
  return { ...Context.get(server, SessionServer), asked: Deferred.await(asked), givenUp: Deferred.await(givenUp) }
})

describe("a client that disconnects", () => {
  it.scoped("has its call interrupted over HTTP", () =>
    Effect.gen(function*() {
      const { asked, givenUp, url } = yield* serve
      const call = yield* Effect.fork(post(url, health))
      yield* asked
      yield* Fiber.interrupt(call)
      yield* givenUp
      assert.strictEqual((yield* post(url, request("2", "List", {}))).status, 200)
    }))

  it.scoped("has its call interrupted over a WebSocket", () =>
    Effect.gen(function*() {
      const { asked, givenUp, url } = yield* serve
      yield* Effect.scoped(Effect.gen(function*() {
        const socket = yield* openSocket(url)
        yield* socket.send(health)
        yield* asked
      }))
      yield* givenUp
      const other = yield* openSocket(url)
      yield* other.send(request("2", "List", {}))
      assert.strictEqual((yield* other.next).exit?._tag, "Success")
    }))
})
