import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Socket from "@effect/platform/Socket"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "../../domain/error/RequestError.js"
import { SessionRpcs } from "../SessionRpcs.js"
import type { Connection, Peer } from "./protocol.js"

/**
 * One request is one connection: its body holds all of the client's frames, and the response streams the server's.
 */
export const httpTransport = (connect: (peer: Peer) => Effect.Effect<Connection, never, Scope.Scope>) =>
  Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (request.headers["content-type"]?.split(";")[0] !== contentType) {
      return refuseHttp(415, new InvalidRequest({ path: ["content-type"], reason: `must be ${contentType}` }))
    }
    const body = yield* Effect.either(readBody(request, SessionRpcs.maxRequestBytes))
    if (body._tag === "Left") {
      return refuseHttp(
        413,
        new InvalidRequest({ path: [], reason: `is larger than ${SessionRpcs.maxRequestBytes} bytes` })
      )
    }
    const encoder = new TextEncoder()
    const responses = yield* Mailbox.make<Effect.Effect<Uint8Array>>()
    const connection = yield* connect({
      headers: request.headers,
      send: (line, onRead) => responses.offer(Effect.as(onRead, encoder.encode(line))),
      end: responses.end
    })
    yield* connection.receive(body.right)
    yield* connection.receiveEnd
    return HttpServerResponse.stream(Stream.mapEffect(Mailbox.toStream(responses), identity), { contentType })
  }).pipe(Effect.interruptible)

const contentType = "application/ndjson"

/**
 * One WebSocket is one connection, until either side closes it.
 */
export const webSocketTransport = (connect: (peer: Peer) => Effect.Effect<Connection, never, Scope.Scope>) =>
  Effect.fnUntraced(
    function*(socket: Socket.Socket) {
      // The server provides it, although its type does not show that.
      const { headers } = Option.getOrThrow(yield* Effect.serviceOption(NodeSocketServer.IncomingMessage))
      const write = yield* socket.writer
      const close = (code: number, reason: string) => write(new Socket.CloseEvent(code, reason))
      const connection = yield* connect({
        headers: Headers.fromInput(headers),
        send: (line) => Effect.ignore(write(line)),
        end: Effect.ignore(close(goingAway, "the server is stopping"))
      })
      yield* socket.runRaw((data) =>
        Effect.flatMap(
          connection.receive(data),
          (readable) => readable ? Effect.void : close(invalidPayload, "the last message could not be read")
        )
      )
    },
    Effect.scoped,
    // How a socket ends concerns only its own client.
    Effect.ignore
  )

const goingAway = 1001
const invalidPayload = 1007

/**
 * Refuses an HTTP request as a whole.
 */
export const refuseHttp = (status: number, error: InvalidRequest): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ ...encode(error), message: error.message }, { status })

const encode = Schema.encodeSync(InvalidRequest)

/**
 * The body of a request, or `"TooLarge"`. No more than `maxBytes` are kept: a larger `content-length` is refused before
 * anything is read, and Node drains the rest of a longer body, so that the client can read the response. (The limit of
 * `@effect/platform` resets the connection instead.)
 */
export const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<Uint8Array, "TooLarge"> =>
  Effect.async((resume) => {
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return resume(Effect.fail("TooLarge"))

    const source = NodeHttpServerRequest.toIncomingMessage(request)
    const chunks: Array<Uint8Array> = []
    let size = 0
    const onData = (chunk: Uint8Array) => {
      size += chunk.length
      if (size > maxBytes) return finish(Effect.fail("TooLarge"))
      chunks.push(chunk)
    }
    const onEnd = () => finish(Effect.succeed(Buffer.concat(chunks)))
    const finish = (result: Effect.Effect<Uint8Array, "TooLarge">) => {
      source.off("data", onData).off("end", onEnd)
      resume(result)
    }
    // A client that disconnects interrupts the fiber of its request.
    source.on("data", onData).on("end", onEnd)
    return Effect.sync(() => source.off("data", onData).off("end", onEnd))
  })
