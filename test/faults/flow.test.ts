import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope, Stream, TestClock } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { start } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import * as TestServer from "../rpc/TestServer.js"
import { token } from "../rpc/token.js"
import { floodManySessions, floodOneSession } from "./load.js"

describe("flow", () => {
  it.effect("row 51: answers each of 1,000 concurrent sends, accepts as many as fit, and keeps their order", () =>
    floodOneSession(1000))

  it.effect("answers a send to each of 200 sessions without waiting for a slow one", () => floodManySessions(200))

  for (const transport of ["http", "websocket"] as const) {
    it.scoped(`row 55: completes a turn whose client disconnects over ${transport}`, () =>
      Effect.gen(function*() {
        const session = yield* start
        const { asked, open, reply } = yield* gatedReply("at last")
        // The end of a turn that stops with its sender shows that the server noticed the disconnect.
        const other = yield* start
        const stopping = yield* gatedReply("never")
        yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply, stopping.reply]))
        const { url } = yield* SessionServer
        const scope = yield* Scope.make()
        const services = yield* Layer.buildWithScope(SessionClient.layer({ url, token, transport }), scope)
        const remote = yield* Effect.provide(SessionManager, services)
        yield* Effect.forkIn(Stream.runDrain(remote.session(session.id).stream("Hi")), scope)
        yield* asked
        const bound = remote.session(other.id).stream({ content: "Hi", stopOnDisconnect: true })
        yield* Effect.forkIn(Stream.runDrain(bound), scope)
        yield* stopping.asked
        yield* Scope.close(scope, Exit.void)
        yield* other.watch().pipe(Stream.takeUntil(({ event }) => event._tag === "TurnStopped"), Stream.runDrain)
        const isCompleted = yield* Effect.fork(
          session.watch().pipe(Stream.takeUntil(({ event }) => event._tag === "TurnCompleted"), Stream.runDrain)
        )
        yield* open
        yield* Fiber.join(isCompleted)
        assert.deepStrictEqual((yield* session.messages()).items.map(({ text }) => text), ["Hi", "at last"])
      }).pipe(Effect.provide(TestServer.layer())))
  }

  it.effect.each([0, -1, Number.NaN, "-1 seconds", "soon"])(
    "row 60: refuses a timeout of %j",
    (timeout) =>
      Effect.gen(function*() {
        const session = yield* start
        // Includes values that only an untyped program can pass.
        const input = { content: "Hi", timeout } as Parameters<typeof session.send>[0]
        const error = yield* Effect.flip(session.send(input))
        assert(error._tag === "InvalidRequest")
        assert.deepStrictEqual(error.path, ["timeout"])
        assert.lengthOf(yield* session.turns, 0)
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
  )

  it.effect("row 60: caps the timeout of a turn at the maximum of the host", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, reply } = yield* gatedReply("never")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const send = yield* Effect.fork(Effect.flip(session.send({ content: "Hi", timeout: 1e15 })))
      yield* asked
      yield* TestClock.adjust("11 minutes")
      assert.strictEqual((yield* Fiber.join(send))._tag, "DeadlineExceeded")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
