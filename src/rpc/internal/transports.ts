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
 * The body of a request, or `"TooLarge"`. What is beyond `maxBytes` is never kept: a stated length is believed before
 * anything is read, and the rest of a longer body is left to Node, which drains it, so that the client gets to read an
 * answer. (The limit of `@effect/platform` resets the connection instead.)
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
    // A client that goes away interrupts the fiber of its request.
    source.on("data", onData).on("end", onEnd)
    return Effect.sync(() => source.off("data", onData).off("end", onEnd))
  })

const encode = Schema.encodeSync(InvalidRequest)

/**
 * Refuses a whole HTTP request, before there is a call to answer.
 */
export const refuseHttp = (status: number, error: InvalidRequest): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ ...encode(error), message: error.message }, { status })

const contentType = "application/ndjson"

/**
 * One request carries the frames of a connection that asks all it has to ask at once; the response carries the answers, as
 * they come.
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

const goingAway = 1001
const invalidPayload = 1007

/**
 * One socket is one connection, for as long as either side wants.
 */
export const webSocketTransport = (connect: (peer: Peer) => Effect.Effect<Connection, never, Scope.Scope>) =>
  Effect.fnUntraced(
    function*(socket: Socket.Socket) {
      // The server provides it, which its type does not tell.
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
          (readable) => readable ? Effect.void : close(invalidPayload, "the last message cannot be read")
        )
      )
    },
    Effect.scoped,
    // How a socket ended concerns only its own client.
    Effect.ignore
  )
