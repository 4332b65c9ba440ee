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
 * Where calls go, and how.
 */
export interface Endpoint {
  readonly transport: "http" | "websocket"
  readonly url: string
}

const secured: ReadonlyMap<string, boolean> = new Map([
  ["http:", false],
  ["https:", true],
  ["ws:", false],
  ["wss:", true]
])

/**
 * The endpoint of the server that is known by a URL.
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
    return refuse("must hold no credentials, query or fragment; the token is passed by itself")
  }
  const scheme = `${transport === "http" ? "http" : "ws"}${secure ? "s" : ""}`
  const path = url.pathname.replace(/\/$/, "")
  return Either.right({
    transport,
    url: `${scheme}://${url.host}${path.endsWith(SessionRpcs.path) ? path : path + SessionRpcs.path}`
  })
}

const refuse = (problem: string) => Either.left(new ConfigurationError({ problems: [`url ${problem}`] }))

/** An export is one frame, so what comes back may be far larger than what may be asked. */
const maxResponseLength = 128 * 1024 * 1024

const ndjson = RpcSerialization.makeNdjson({ maxBufferSize: maxResponseLength })

/**
 * Newline-delimited JSON, as the server expects it. A call that the server would refuse for its size is not even sent, since
 * a socket that has carried one is closed, with all other calls on it.
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

/**
 * The WebSocket of the platform. Node 20 has none, so there it is the one of `ws`, whose build for browsers is empty.
 */
export const layerWebSocketConstructor: Layer.Layer<Socket.WebSocketConstructor> = Layer.suspend(() =>
  "WebSocket" in globalThis
    ? Socket.layerWebSocketConstructorGlobal
    : Layer.effect(
      Socket.WebSocketConstructor,
      Effect.map(
        Effect.promise(() => import("ws")),
        // The same interface, described by other types.
        ({ WebSocket }) => (url, protocols) => new WebSocket(url, protocols) as unknown as globalThis.WebSocket
      )
    )
)

/** While a server is away. Once a connection has lasted, the next one to break is taken up again at once. */
const reconnect = Schedule.exponential("100 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("5 seconds")),
  Schedule.jittered,
  Schedule.resetAfter("10 seconds")
)

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
      const protocol = yield* RpcClient.makeProtocolHttp(HttpClient.filterOrFail(client, isAnswer, notAnswer))
      return {
        ...protocol,
        // Once the response is over. A call that has been answered takes no notice; one that has not would wait for ever.
        send: (frame) => Effect.zipRight(protocol.send(frame), frame._tag === "Request" ? unanswered : Effect.void)
      }
    })
  ).pipe(Layer.provide(FetchHttpClient.layer))

const unanswered = new RpcClientError({ reason: "Protocol", message: "The response ended without an answer" })

const isAnswer = ({ headers, status }: HttpClientResponse.HttpClientResponse) =>
  status === 200 && headers["content-type"] === "application/ndjson"

const notAnswer = (response: HttpClientResponse.HttpClientResponse) =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "StatusCode" })

/**
 * Brings calls to the server.
 */
export const layer = ({ transport, url }: Endpoint): Layer.Layer<RpcClient.Protocol> =>
  (transport === "http" ? overHttp(url) : overWebSocket(url)).pipe(Layer.provide(layerBoundedNdjson))
