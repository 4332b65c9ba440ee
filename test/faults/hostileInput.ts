import { NodeContext } from "@effect/platform-node"
import { Array, Effect, Layer, Logger } from "effect"
import type { JsonValue } from "../../src/domain/Json.js"
import * as LoggingMiddleware from "../../src/layers/middleware/LoggingMiddleware.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { token } from "../rpc/token.js"
import { authorized, type Frame, openSocket, parseFrames, post, request, type Transport } from "../rpc/wire.js"
import { temporaryFile } from "../store/temporaryFile.js"

export const bearer = { authorization: authorized[0]?.[1] ?? "" }

/** What the server logged. */
export const logged = Array.empty<string>()
const log = Logger.replace(Logger.defaultLogger, Logger.map(Logger.logfmtLogger, (line) => logged.push(line)))

/** A server with a database, whose log holds the text of messages. */
export const layer = Layer.unwrapScoped(
  Effect.map(temporaryFile, (filename) =>
    SessionServer.layer({ token, port: 0, drainTimeout: 0 }).pipe(
      Layer.provideMerge(SessionRuntime.layer({ drainTimeout: 0 })),
      Layer.provideMerge(Layer.mergeAll(
        SqliteSessionStore.layer({ filename }),
        IdGenerator.layer,
        Pricing.layerUnknown,
        MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer())),
        MiddlewarePipeline.layer(LoggingMiddleware.make({ content: true })),
        HookBus.layer()
      ))
    ))
).pipe(Layer.provide([NodeContext.layer, log]))

/** What a server answers to input: a frame, a status without one, or the code with which it closes a socket. */
export interface Answer {
  readonly frame?: Frame | undefined
  readonly status?: number
  readonly closed?: number
}

/** Sends data over a new connection of an authorized client, and returns the first answer. */
export const ask = (
  transport: Transport,
  url: string,
  data: string | Uint8Array
): Effect.Effect<Answer, Error> =>
  transport === "http"
    ? Effect.map(post(url, data, bearer), ({ status, text }) => ({ status, frame: parseFrames(text)[0] }))
    : Effect.scoped(Effect.gen(function*() {
      const socket = yield* openSocket(url)
      yield* socket.send(request("1", "Health"))
      yield* socket.next
      yield* socket.send(data)
      return yield* Effect.raceFirst(
        Effect.map(socket.next, (frame) => ({ frame })),
        Effect.map(socket.closed, (closed) => ({ closed }))
      )
    }))

/** Makes one call over a new connection. */
export const call = (transport: Transport, url: string, tag: string, payload?: unknown) =>
  Effect.map(ask(transport, url, request("7", tag, payload)), ({ frame }) => frame)

/** The error of a call, or of its connection. */
export const errorOf = (frame: Frame | undefined) => frame?.exit?.cause?.error ?? frame?.defect

/** A new session of the mock provider, and its id. */
export const startOver = (transport: Transport, url: string, over: object = {}) =>
  Effect.map(
    call(transport, url, "Create", { userId: "ada", provider: "mock", model: "mock-model", ...over }),
    (frame) => String(frame?.exit?.value)
  )

/** The history of a session, as JSON. */
export const messagesOf = (transport: Transport, url: string, sessionId: string) =>
  Effect.map(call(transport, url, "Messages", { sessionId, query: {} }), (frame) => {
    const page = frame?.exit?.value as { readonly items: ReadonlyArray<{ readonly [field: string]: JsonValue }> }
    return page.items
  })

export const transports = ["http", "websocket"] satisfies ReadonlyArray<Transport>
