import * as Socket from "@effect/platform/Socket"
import * as RpcClient from "@effect/rpc/RpcClient"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import type { FromServerEncoded, RequestEncoded } from "@effect/rpc/RpcMessage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Disconnected, Unauthorized } from "../../domain/error/RequestError.js"
import { jittered } from "../../services/internal/jittered.js"
import { encodeFrame, makeDecoder } from "./ndjson.js"

/**
 * All calls share one WebSocket, which reconnects when it breaks. It shows the token before any call, since the server allows
 * little until then and a browser cannot set the headers of a WebSocket. A connection that brings neither data nor the answer to
 * a ping for 45 seconds counts as broken.
 *
 * It replaces the protocol of `@effect/rpc`, which breaks off after 10 seconds, also in the middle of a long message, and lets a
 * stream that is read slowly hold up other calls.
 */
export const layer = (url: string, token: Redacted.Redacted): Layer.Layer<RpcClient.Protocol> =>
  Layer.scoped(
    RpcClient.Protocol,
    RpcClient.Protocol.make(Effect.fnUntraced(function*(writeResponse) {
      const socket = yield* Socket.makeWebSocket(url)
      const write = yield* socket.writer
      const clock = yield* Effect.clock
      const accepted = yield* Effect.makeLatch(false)
      let failure: RpcClientError | undefined

      const connection = Effect.suspend(() => {
        const decode = makeDecoder()
        let lastHeard = clock.unsafeCurrentTimeMillis()

        const take = (frame: FromServerEncoded) => {
          if (frame._tag !== "Exit" || frame.requestId !== greetingId) return writeResponse(frame)
          if (isUnauthorized(frame)) return Effect.fail(new Unauthorized())
          failure = undefined
          return accepted.open
        }
        const receive = (data: string | Uint8Array) => {
          lastHeard = clock.unsafeCurrentTimeMillis()
          return Effect.try({ try: () => decode(data), catch: () => unreadable }).pipe(
            // The rest does not wait for a stream that is read slowly.
            Effect.flatMap(Effect.forEach(take, { concurrency: "unbounded", discard: true }))
          )
        }
        const ping = Effect.suspend((): Effect.Effect<void, Socket.SocketError | Disconnected> =>
          clock.unsafeCurrentTimeMillis() - lastHeard < maxSilence ? write(pingLine) : Effect.fail(silent)
        )

        return Effect.raceFirst(
          socket.runRaw(receive, { onOpen: Effect.ignore(write(greeting(token))) }),
          Effect.zipRight(
            Effect.timeoutFail(accepted.await, { duration: acceptTimeout, onTimeout: () => neverAccepted }),
            Effect.forever(Effect.delay(ping, pingInterval))
          )
        )
      })

      yield* connection.pipe(
        Effect.zipRight(Effect.fail(new Socket.SocketCloseError({ reason: "Close", code: 1000 }))),
        Effect.tapError((cause) => {
          failure = new RpcClientError({ reason: "Protocol", message: "The connection failed", cause })
          return Effect.zipRight(accepted.close, writeResponse({ _tag: "ClientProtocolError", error: failure }))
        }),
        Effect.retry(reconnect),
        Effect.interruptible,
        Effect.forkScoped
      )

      return {
        send: (frame) =>
          Effect.suspend(() => {
            if (failure) return Effect.fail(failure)
            const line = encodeFrame(frame)
            return Effect.orDie(accepted.whenOpen(write(line)))
          }),
        supportsAck: true,
        supportsTransferables: false
      }
    }))
  ).pipe(Layer.provide(layerWebSocketConstructor))

/** Far beyond the ids that the client counts up to. */
const greetingId = "1".padEnd(40, "0")

const greeting = (token: Redacted.Redacted) =>
  encodeFrame(
    {
      _tag: "Request",
      id: greetingId,
      tag: "Health",
      payload: null,
      headers: [["authorization", `Bearer ${Redacted.value(token)}`]]
    } satisfies RequestEncoded
  )

const isUnauthorized = Schema.is(Schema.Struct({
  exit: Schema.Struct({ cause: Schema.Struct({ error: Schema.TaggedStruct("Unauthorized", {}) }) })
}))

const pingLine = encodeFrame({ _tag: "Ping" })
const pingInterval = "15 seconds"
const maxSilence = 45_000
const acceptTimeout = "20 seconds"

const silent = new Disconnected({ reason: "it has been silent for 45 seconds", sent: true })
const unreadable = new Disconnected({ reason: "it did not answer as a session server does", sent: true })
const neverAccepted = new Disconnected({ reason: "it did not answer in time", sent: false })

/**
 * Delays while a server is unreachable. After a stable connection, the first retry is immediate, unless the server is busy or
 * has refused the token.
 */
const reconnect = Schedule.identity<Socket.SocketError | Disconnected | Unauthorized>().pipe(
  Schedule.intersect(
    Schedule.exponential("100 millis", 1.5).pipe(
      Schedule.union(Schedule.spaced("5 seconds")),
      jittered,
      Schedule.resetAfter("10 seconds")
    )
  ),
  Schedule.modifyDelay(([error], delay) => Duration.max(delay, shortestDelay(error)))
)

const shortestDelay = (error: Socket.SocketError | Disconnected | Unauthorized): Duration.DurationInput => {
  // The server counts wrong tokens, for all clients of an address.
  if (error._tag === "Unauthorized") return "30 seconds"
  return Socket.SocketCloseError.is(error) && error.code === tryAgainLater ? "1 second" : 0
}

/** The close code of a busy server. */
export const tryAgainLater = 1013

/**
 * The platform's WebSocket. Node 20 has none, so `ws` is used there; its build for browsers is empty.
 */
const layerWebSocketConstructor: Layer.Layer<Socket.WebSocketConstructor> = Layer.suspend(() =>
  "WebSocket" in globalThis
    ? Socket.layerWebSocketConstructorGlobal
    : Layer.effect(
      Socket.WebSocketConstructor,
      Effect.map(
        Effect.promise(() => import("ws")),
        // The same interface with different types.
        ({ WebSocket }) => (url, protocols) => new WebSocket(url, protocols) as unknown as globalThis.WebSocket
      )
    )
)
