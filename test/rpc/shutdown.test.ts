import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import * as Net from "node:net"
import * as SessionClient from "../../src/client/SessionClient.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { gatedReply } from "../host/gatedReply.js"
import { token } from "./token.js"
import { openSocket, post, request, send } from "./wire.js"

/** A server over the runtime of the test, which can be stopped. */
const serve = (options?: { readonly port?: number; readonly drainTimeout?: number }) =>
  Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const server = yield* Layer.buildWithScope(
      SessionServer.layer({ token, port: 0, drainTimeout: 0, ...options }),
      scope
    )
    return { ...Context.get(server, SessionServer), stop: Scope.close(scope, Exit.void) }
  })

const start = Effect.flatMap(
  SessionManager,
  (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
)

describe("a stopping server", () => {
  for (const transport of ["http", "websocket"] as const) {
    it.scoped(`ends a call over ${transport} with "sent", and its turn continues`, () =>
      Effect.gen(function*() {
        const { stop, url } = yield* serve()
        const session = yield* start
        const { asked, open, reply } = yield* gatedReply("at last")
        yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
        const call = yield* Effect.flatMap(SessionManager, (remote) => remote.session(session.id).send("hello")).pipe(
          Effect.provide(SessionClient.layer({ url, token, transport, resumeFor: 0 })),
          Effect.flip,
          Effect.fork
        )
        yield* asked
        yield* stop
        const error = yield* Fiber.join(call)
        assert.strictEqual(error.message, "The server cannot be reached: it stopped before the call ended")
        yield* open
        yield* session.send("and again")
        assert.lengthOf((yield* session.messages()).items, 4)
      }).pipe(Effect.provide(SessionRuntime.layerTest())))
  }

  it.scoped("lets running calls end, and refuses new ones", () =>
    Effect.gen(function*() {
      const { stop, url } = yield* serve({ drainTimeout: 60_000 })
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("at last")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const socket = yield* openSocket(url)
      yield* socket.send(request("1", "Send", { sessionId: session.id, message: { content: "hello" } }))
      yield* asked
      const stopping = yield* Effect.fork(stop)
      yield* Effect.yieldNow()
      yield* socket.send(request("2", "Health"))
      assert.strictEqual((yield* socket.next).exit?.cause?.error?.["_tag"], "ShuttingDown")
      assert.deepInclude(yield* send(`${url}/readyz`, {}), { status: 503, text: "{\"status\":\"stopping\"}" })
      assert.deepInclude(yield* send(`${url}/healthz`, {}), { status: 200 })
      yield* open
      const answer = yield* socket.next
      assert.deepStrictEqual([answer.requestId, answer.exit?._tag], ["1", "Success"])
      assert.strictEqual(yield* socket.closed, 1001)
      yield* Fiber.join(stopping)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("ends a watched feed without waiting for it", () =>
    Effect.gen(function*() {
      const { stop, url } = yield* serve({ drainTimeout: 3_600_000 })
      const session = yield* start
      const seen = yield* Deferred.make<void>()
      const watching = yield* Effect.flatMap(
        SessionManager,
        (remote) => Stream.runForEach(remote.session(session.id).watch(), () => Deferred.succeed(seen, undefined))
      ).pipe(
        Effect.provide(SessionClient.layer({ url, token, resumeFor: 0 })),
        Effect.flip,
        Effect.fork
      )
      yield* Deferred.await(seen)
      yield* stop
      assert.strictEqual((yield* Fiber.join(watching))._tag, "Disconnected")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("waits neither for idle sockets nor for unresponsive ones", () =>
    Effect.gen(function*() {
      const { port, stop, url } = yield* serve()
      const idle = yield* openSocket(url)
      const silent = yield* Effect.acquireRelease(
        Effect.async<Net.Socket>((resume) => {
          const socket: Net.Socket = Net.connect(port, "127.0.0.1", () => resume(Effect.succeed(socket)))
        }),
        (socket) => Effect.sync(() => socket.destroy())
      )
      const ended = Effect.async<void>((resume) => {
        silent.resume().on("end", () => resume(Effect.void))
      })
      const waiting = yield* Effect.fork(ended)
      yield* stop
      yield* idle.closed
      yield* Fiber.join(waiting)
      assert.instanceOf(yield* Effect.flip(post(url, request("1", "Health"))), Error)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("frees its port, and reports a port that is taken", () =>
    Effect.gen(function*() {
      const first = yield* serve()
      const error = yield* Effect.flip(serve({ port: first.port }))
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.include(error.message, `cannot listen on port ${first.port} of 127.0.0.1`)
      yield* first.stop
      yield* serve({ port: first.port })
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
