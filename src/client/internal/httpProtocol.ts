import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as RpcClient from "@effect/rpc/RpcClient"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import type { FromServerEncoded } from "@effect/rpc/RpcMessage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Disconnected, InvalidRequest, ServerBusy, Unauthorized } from "../../domain/error/RequestError.js"
import { AccessError } from "../../domain/error/SessionError.js"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"
import { parseRetryAfter } from "../../services/internal/retryAfter.js"
import { encodeFrame, makeDecoder } from "./ndjson.js"

/**
 * Each call is a request of its own, with the token in its `Authorization` header. A response that brings neither data nor a
 * heartbeat for 45 seconds counts as broken; the time in which a slow reader takes nothing from it does not count.
 */
export const layer = (url: string, token: Redacted.Redacted): Layer.Layer<RpcClient.Protocol> =>
  Layer.effect(
    RpcClient.Protocol,
    RpcClient.Protocol.make((writeResponse) =>
      Effect.map(HttpClient.HttpClient, (client) => {
        const authorized = client.pipe(
          HttpClient.withScope,
          HttpClient.mapRequest(HttpClientRequest.bearerToken(token))
        )

        const call = Effect.fnUntraced(
          function*(body: HttpBody.HttpBody) {
            const response = yield* Effect.timeoutFail(authorized.post(url, { body }), {
              duration: silence,
              onTimeout: () => silent
            })
            if (!isRpcResponse(response)) return yield* Effect.flatMap(refusalOf(url, response), Effect.fail)
            yield* readFrames(response, writeResponse)
            // An answered call ignores it; any other would wait forever.
            return yield* unanswered
          },
          Effect.scoped,
          Effect.mapError((error) => error._tag === "RpcClientError" ? error : failed(error))
        )

        return {
          send: (frame) =>
            frame._tag === "Request"
              ? Effect.suspend(() => call(HttpBody.text(encodeFrame(frame), ndjson)))
              : Effect.void,
          supportsAck: false,
          supportsTransferables: false
        }
      })
    )
  ).pipe(Layer.provide(FetchHttpClient.layer))

const ndjson = "application/ndjson"

/** Three heartbeats of the server. */
const silence = "45 seconds"

const failed = (cause: unknown) => new RpcClientError({ reason: "Protocol", message: "The call failed", cause })

const silent = new Disconnected({ reason: "it has been silent for 45 seconds", sent: true })
const unanswered = new Disconnected({ reason: "the response ended before the call did", sent: true })
const unreadable = new Disconnected({ reason: "it did not answer as a session server does", sent: true })

/** The media type without its parameters. */
const mediaTypeOf = ({ headers }: HttpClientResponse.HttpClientResponse) =>
  headers["content-type"]?.split(";")[0]?.trim().toLowerCase()

const isRpcResponse = (response: HttpClientResponse.HttpClientResponse) =>
  response.status === 200 && mediaTypeOf(response) === ndjson

const readFrames = (
  response: HttpClientResponse.HttpClientResponse,
  writeResponse: (frame: FromServerEncoded) => Effect.Effect<void>
) => {
  const decode = makeDecoder()
  return response.stream.pipe(
    Stream.timeoutFail(() => silent, silence),
    Stream.runForEach((bytes) =>
      Effect.flatMap(
        Effect.try({ try: () => decode(bytes), catch: () => unreadable }),
        Effect.forEach((frame) =>
          // The client of `@effect/rpc` would end all its calls, of other requests too.
          frame._tag === "Defect" ? Effect.fail(failed(frame.defect)) : writeResponse(frame), { discard: true })
      )
    )
  )
}

/**
 * The error of a response that is not one of the protocol: the error in its body, or one that its status stands for.
 */
const refusalOf = Effect.fnUntraced(function*(url: string, response: HttpClientResponse.HttpClientResponse) {
  const { headers, status } = response
  const told = mediaTypeOf(response) === "application/json" ? yield* readError(response) : Option.none()
  if (Option.isSome(told)) return told.value
  switch (status) {
    case 401:
      return new Unauthorized()
    case 413:
      return new InvalidRequest({ path: [], reason: `is larger than ${SessionRpcs.maxRequestBytes} bytes` })
    case 429:
    case 503: {
      const wait = parseRetryAfter(headers["retry-after"], yield* Clock.currentTimeMillis)
      return new ServerBusy({ reason: `it answered with HTTP ${status}`, retryAfterMs: Math.ceil(wait ?? 1000) })
    }
    default:
      return new Disconnected({
        reason: `${url} answered with HTTP ${status}, which a session server does not do`,
        sent: false
      })
  }
})

const readError = (response: HttpClientResponse.HttpClientResponse) =>
  response.stream.pipe(
    Stream.decodeText(),
    Stream.runFoldWhile("", (text) => text.length < maxErrorLength, (text, piece) => text + piece),
    Effect.timeout(silence),
    Effect.map(decodeError),
    Effect.orElseSucceed(() => Option.none())
  )

const maxErrorLength = 64 * 1024

const decodeError = Schema.decodeUnknownOption(Schema.parseJson(AccessError))
