import {
  FetchHttpClient,
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  HttpClientResponse,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, type ParseResult, Schema, Stream } from "effect"
import { SessionManager, SessionRuntime } from "langswarm-session"
import {
  defineProvider,
  ProviderEvent,
  ProviderProtocol,
  ProviderRegistry,
  ProviderRejected,
  ProviderTransient
} from "langswarm-session/provider"
import { createServer } from "node:http"

const Line = Schema.parseJson(
  Schema.Union(Schema.Struct({ text: Schema.String }), Schema.Struct({ done: Schema.Literal(true) }))
)

/**
 * A provider over a plain HTTP service that answers with one JSON object per line.
 */
const makeShouter = (url: string) =>
  Effect.map(HttpClient.HttpClient, (client) =>
    defineProvider({
      name: "shouter",
      capabilities: { conversation: "stateless", images: [], files: [], tools: false },
      configSchema: Schema.Struct({ volume: Schema.optionalWith(Schema.Int, { default: () => 1 }) }),
      open: ({ config: { volume } }) =>
        Effect.succeed({
          respond: ({ messages }) =>
            HttpClientRequest.post(url).pipe(
              HttpClientRequest.bodyUnsafeJson({ volume, lines: messages.map(({ text }) => text) }),
              client.execute,
              Effect.flatMap(HttpClientResponse.filterStatusOk),
              HttpClientResponse.stream,
              Stream.decodeText(),
              Stream.splitLines,
              Stream.mapEffect(Schema.decode(Line)),
              // A reply without `Finished` counts as cut: the connection may have broken.
              Stream.map((line) =>
                "text" in line ? ProviderEvent.TextDelta(line) : ProviderEvent.Finished({ reason: "complete" })
              ),
              Stream.mapError(toProviderError)
            )
        })
    }))

/** `ProviderTransient` means that the call did not start and can be retried. */
const toProviderError = (error: HttpClientError.HttpClientError | ParseResult.ParseError) => {
  const provider = "shouter"
  if (error._tag === "RequestError") return new ProviderTransient({ provider, reason: error.reason })
  if (error._tag === "ParseError") {
    return new ProviderProtocol({ provider, reason: "it sent a line that is not part of a reply" })
  }
  const { status } = error.response
  if (status === 200) return new ProviderProtocol({ provider, reason: "the connection broke" })
  const reason = `HTTP ${status}`
  return status === 429 || status >= 500
    ? new ProviderTransient({ provider, reason })
    : new ProviderRejected({ provider, reason })
}

const Request = Schema.Struct({ volume: Schema.Int, lines: Schema.Array(Schema.String) })

/** The service itself, which shouts the last message back. */
const service = Effect.map(HttpServerRequest.schemaBodyJson(Request), ({ lines, volume }) => {
  const words = lines.at(-1)?.split(" ") ?? []
  const answer = [
    ...words.map((word) => ({ text: `${word.toUpperCase()}${"!".repeat(volume)} ` })),
    { done: true }
  ]
  return HttpServerResponse.stream(
    Stream.fromIterable(answer).pipe(Stream.map((line) => `${JSON.stringify(line)}\n`), Stream.encodeText)
  )
})

const program = Effect.gen(function*() {
  yield* HttpServer.serveEffect(service)
  const shouter = yield* HttpServer.addressFormattedWith(makeShouter)
  yield* Effect.flatMap(ProviderRegistry, (registry) => registry.register(shouter))

  const sessions = yield* SessionManager
  const session = yield* sessions.create({
    userId: "ada",
    provider: "shouter",
    model: "any",
    config: { providerConfig: { volume: 2 } }
  })
  yield* session.stream("Is anybody there").pipe(
    Stream.runForEach((event) => Effect.sync(() => event._tag === "TurnDelta" && process.stdout.write(event.text)))
  )
  yield* Console.log()
})

program.pipe(
  Effect.scoped,
  Effect.provide(Layer.mergeAll(
    SessionRuntime.layerTest(),
    FetchHttpClient.layer,
    NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })
  )),
  NodeRuntime.runMain
)
