import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"
import { SessionRpcs } from "../SessionRpcs.js"
import type { Connection, Peer } from "./hardenedProtocol.js"
import { readBody } from "./readBody.js"
import { refuseHttp } from "./refuseHttp.js"

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
