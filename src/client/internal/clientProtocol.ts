import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Socket from "@effect/platform/Socket"
import * as RpcClient from "@effect/rpc/RpcClient"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as BoundedNdjson from "./boundedNdjson.js"
import type { Endpoint } from "./Endpoint.js"
import * as WebSocketConstructor from "./webSocketConstructor.js"

/** While a server is away. Once a connection has lasted, the next one to break is taken up again at once. */
const reconnect = Schedule.exponential("100 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("5 seconds")),
  Schedule.jittered,
  Schedule.resetAfter("10 seconds")
)

const overWebSocket = (url: string) =>
  RpcClient.layerProtocolSocket({ retrySchedule: reconnect }).pipe(
    Layer.provide(Socket.layerWebSocket(url)),
    Layer.provide(WebSocketConstructor.layer)
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
  (transport === "http" ? overHttp(url) : overWebSocket(url)).pipe(Layer.provide(BoundedNdjson.layer))
