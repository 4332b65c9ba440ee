import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Socket from "@effect/platform/Socket"
import * as RpcClient from "@effect/rpc/RpcClient"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"

/**
 * Where calls go, and over which transport.
 */
export interface Endpoint {
  readonly transport: "http" | "websocket"
  readonly url: string
}

/**
 * The endpoint of a server's URL. Fails with `ConfigurationError` when the URL is malformed or contains credentials.
 */
export const fromUrl = (
  input: string,
  transport: Endpoint["transport"]
): Either.Either<Endpoint, ConfigurationError> => {
  const url = URL.canParse(input) ? new URL(input) : undefined
  const secure = secured.get(url?.protocol ?? "")
  if (url === undefined || secure === undefined) {
    return refuse("must be the address of a server, such as http://127.0.0.1:4080")
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return refuse("must not contain credentials, a query or a fragment; pass the token as an option of its own")
  }
  const scheme = `${transport === "http" ? "http" : "ws"}${secure ? "s" : ""}`
  const path = url.pathname.replace(/\/$/, "")
  return Either.right({
    transport,
    url: `${scheme}://${url.host}${path.endsWith(SessionRpcs.path) ? path : path + SessionRpcs.path}`
  })
}

/** Whether the scheme of a URL is encrypted. */
const secured: ReadonlyMap<string, boolean> = new Map([
  ["http:", false],
  ["https:", true],
  ["ws:", false],
  ["wss:", true]
])

const refuse = (problem: string) => Either.left(new ConfigurationError({ problems: [`url ${problem}`] }))

/**
 * The protocol of `@effect/rpc` to an endpoint.
 */
export const layer = ({ transport, url }: Endpoint): Layer.Layer<RpcClient.Protocol> =>
  (transport === "http" ? overHttp(url) : overWebSocket(url)).pipe(Layer.provide(layerBoundedNdjson))

const overWebSocket = (url: string) =>
  RpcClient.layerProtocolSocket({ retrySchedule: reconnect }).pipe(
    Layer.provide(Socket.layerWebSocket(url)),
    Layer.provide(layerWebSocketConstructor)
  )

const overHttp = (url: string) =>
  Layer.effect(
    RpcClient.Protocol,
    Effect.gen(function*() {
      const client = HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.prependUrl(url))
      const protocol = yield* RpcClient.makeProtocolHttp(
        HttpClient.filterOrFail(client, isRpcResponse, toResponseError)
      )
      return {
        ...protocol,
        // Fails calls that the response has not answered when it ends; they would wait forever. Answered calls ignore it.
        send: (frame) => Effect.zipRight(protocol.send(frame), frame._tag === "Request" ? unanswered : Effect.void)
      }
    })
  ).pipe(Layer.provide(FetchHttpClient.layer))

const unanswered = new RpcClientError({ reason: "Protocol", message: "The response ended before the call did" })

const isRpcResponse = ({ headers, status }: HttpClientResponse.HttpClientResponse) =>
  status === 200 && headers["content-type"] === "application/ndjson"

const toResponseError = (response: HttpClientResponse.HttpClientResponse) =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "StatusCode" })

/** Delays while a server is unreachable. After a stable connection, the first retry is immediate. */
const reconnect = Schedule.exponential("100 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("5 seconds")),
  Schedule.jittered,
  Schedule.resetAfter("10 seconds")
)

/**
 * The platform's WebSocket. Node 20 has none, so `ws` is used there; its build for browsers is empty.
 */
export const layerWebSocketConstructor: Layer.Layer<Socket.WebSocketConstructor> = Layer.suspend(() =>
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

/** An export is one frame, so a response may be far larger than a call. */
const maxResponseLength = 128 * 1024 * 1024

const ndjson = RpcSerialization.makeNdjson({ maxBufferSize: maxResponseLength })

/**
 * Newline-delimited JSON, as the server expects it. A call that exceeds the server's limit fails before it is sent: the server
 * would close the socket, which would end all other calls on it.
 */
export const layerBoundedNdjson: Layer.Layer<RpcSerialization.RpcSerialization> = Layer.succeed(
  RpcSerialization.RpcSerialization,
  {
    ...ndjson,
    unsafeMake: () => {
      const parser = ndjson.unsafeMake()
      const decoder = new TextDecoder()
      const encoder = new TextEncoder()
      return {
        encode: (message) => {
          const frame = parser.encode(message)
          const bufferSize = typeof frame === "string" ? encoder.encode(frame).length : 0
          if (bufferSize > SessionRpcs.maxRequestBytes) {
            throw new RpcSerialization.RpcSerializationError({
              reason: "BufferSizeExceeded",
              maxBufferSize: SessionRpcs.maxRequestBytes,
              bufferSize
            })
          }
          return frame
        },
        // A chunk of an HTTP response may end in the middle of a character.
        decode: (data) => parser.decode(typeof data === "string" ? data : decoder.decode(data, { stream: true }))
      }
    }
  }
)
