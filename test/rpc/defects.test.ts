import { assert, describe, layer } from "@effect/vitest"
import { Array, Cause, Effect, Fiber, Layer, Logger, Stream } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import { InternalError } from "../../src/domain/error/RequestError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { gatedReply } from "../host/gatedReply.js"
import { token } from "./token.js"
import { exchange, openSocket, request, type Transport } from "./wire.js"

const canary = "canary-of-the-server"

class Thrown extends Error {
  readonly password = canary
}

/** A manager whose `health` dies, and whose `context` returns a value that does not match the schema. */
const Broken = Layer.effect(
  SessionManager,
  Effect.map(SessionManager, (sessions) =>
    SessionManager.of({
      ...sessions,
      health: Effect.zipRight(Effect.logInfo("asked"), Effect.die(new Thrown(`it holds ${canary}`))),
      session: (id) => {
        const session = sessions.session(id)
        return {
          ...session,
          context: Effect.map(session.context, (context) => Object.assign(context, { version: canary }))
        }
      }
    }))
)

const logged = Array.empty<{ readonly text: string; readonly correlationId: unknown }>()
const Log = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ annotations, cause, message }) => {
    const [, correlationId] = [...annotations].find(([key]) => key === "correlationId") ?? []
    logged.push({ text: `${String(message)} ${Cause.pretty(cause)}`, correlationId })
  })
)

const TestServer = SessionServer.layer({ token, port: 0, drainTimeout: 0 }).pipe(
  Layer.provide(Broken),
  Layer.provideMerge(SessionRuntime.layerTest()),
  Layer.provide(Log)
)

const acknowledgement = "{\"_tag\":\"Ack\",\"requestId\":\"2\"}\n"

const start = Effect.flatMap(
  SessionManager,
  (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
)

describe("a defect", () => {
  layer(TestServer)((it) => {
    for (const transport of ["http", "websocket"] satisfies Array<Transport>) {
      it.effect(`reaches the caller over ${transport} without what was thrown, which is logged`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const [frame] = yield* exchange(transport, url, request("1", "Health"))
          assert.notInclude(JSON.stringify(frame), canary)
          assert.strictEqual(frame?.exit?.cause?._tag, "Die")
          const { _tag, code, correlationId, ...rest } = frame?.exit?.cause?.defect ?? {}
          assert.deepStrictEqual({ _tag, code, rest }, { _tag: "InternalError", code: "internal", rest: {} })
          const entries = logged.filter((entry) => entry.correlationId === correlationId)
          assert.lengthOf(entries, 2, "all lines of the call have its id")
          assert.include(entries[0]?.text, "asked")
          assert.include(entries[1]?.text, `it holds ${canary}`)
        }))

      it.effect(`in a result over ${transport} shows the result neither to the caller nor in the log`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { id } = yield* start
          const before = logged.length
          const [frame] = yield* exchange(transport, url, request("1", "Context", { sessionId: id }))
          assert.strictEqual(frame?.exit?.cause?.defect?.["_tag"], "InternalError")
          assert.notInclude(JSON.stringify(frame), canary)
          assert.lengthOf(logged.slice(before), 1)
          assert.include(logged[before]?.text, "version")
          assert.notInclude(logged[before]?.text, canary)
        }))

      it.effect(`is a defect in the client too, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const cause = yield* Effect.flatMap(SessionManager, ({ health }) => health).pipe(
            Effect.provide(SessionClient.layer({ url, token, transport })),
            Effect.sandbox,
            Effect.flip
          )
          assert(Cause.isDie(cause))
          assert.instanceOf(Cause.squash(cause), InternalError)
        }))
    }

    it.scoped("row 59: ends no other call or stream on the connection", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const mock = yield* MockProvider
        const sent = yield* gatedReply("sent")
        const streamed = yield* gatedReply("streamed")
        yield* mock.script([sent.reply])
        const socket = yield* openSocket(url)
        const [one, other] = [yield* start, yield* start]
        yield* socket.send(request("1", "Send", { sessionId: one.id, message: { content: "hello" } }))
        yield* sent.asked
        yield* mock.script([streamed.reply])
        yield* socket.send(request("2", "Stream", { sessionId: other.id, message: { content: "hello" } }))
        assert.strictEqual((yield* socket.next).values?.[0]?.["_tag"], "TurnAccepted")
        yield* socket.send(acknowledgement)
        yield* streamed.asked

        yield* socket.send(request("3", "Health"))
        const defect = yield* Effect.iterate(yield* socket.next, {
          while: ({ requestId }) => requestId !== "3",
          body: () => socket.next
        })
        assert.strictEqual(defect.exit?.cause?._tag, "Die")

        yield* sent.open
        const reply = yield* Effect.iterate(yield* socket.next, {
          while: ({ requestId }) => requestId !== "1",
          body: () => socket.next
        })
        assert.strictEqual(reply.exit?._tag, "Success")

        yield* streamed.open
        const end = yield* Effect.iterate(yield* socket.next, {
          while: ({ _tag }) => _tag !== "Exit",
          body: () => Effect.zipRight(socket.send(acknowledgement), socket.next)
        })
        assert.deepStrictEqual([end.requestId, end.exit?._tag], ["2", "Success"])
      }))

    it.effect("ends no other call or stream of the client", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const mock = yield* MockProvider
        const { id } = yield* start
        const { asked, open, reply } = yield* gatedReply("streamed")
        yield* mock.script([reply])
        yield* Effect.gen(function*() {
          const sessions = yield* SessionManager
          const stream = yield* Effect.fork(Stream.runLast(sessions.session(id).stream("hello")))
          yield* asked
          yield* Effect.exit(sessions.health)
          yield* open
          const last = yield* Effect.flatten(Fiber.join(stream))
          assert.strictEqual(last._tag, "TurnCompleted")
        }).pipe(Effect.provide(SessionClient.layer({ url, token })))
      }))
  })
})
