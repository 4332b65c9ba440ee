import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Option, Schema, Stream } from "effect"
import { FeedPosition, SessionError, SessionManager, SessionRuntime } from "langswarm-session"
import { createServer } from "node:http"

/** The latest session of the user in the path, or a new one. In a real program your login decides who that is. */
const currentSession = Effect.gen(function*() {
  const { userId = "" } = yield* HttpRouter.params
  const sessions = yield* SessionManager
  return yield* sessions.getOrCreate({ userId, provider: "mock", model: "mock-model" })
})

const Question = Schema.Struct({
  content: Schema.String,
  /** The same key again is the same turn, so that a client can retry. */
  key: Schema.optionalWith(Schema.String, { exact: true })
})

/** Answers with the reply, once it is stored. */
const send = Effect.gen(function*() {
  const session = yield* currentSession
  const question = yield* HttpServerRequest.schemaBodyJson(Question)
  const { seq, text } = yield* session.send(question)
  return HttpServerResponse.unsafeJson({ seq, text })
})

const history = Effect.gen(function*() {
  const session = yield* currentSession
  const { items } = yield* session.messages()
  return HttpServerResponse.unsafeJson(items.map(({ role, seq, text }) => ({ seq, role, text })))
})

/** Everything that happens, as server-sent events. A browser repeats the last id when it reconnects. */
const events = Effect.gen(function*() {
  const session = yield* currentSession
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const last = Schema.decodeUnknownOption(FeedPosition)(headers["last-event-id"])
  const feed = session.watch(Option.isSome(last) ? { from: last.value } : {}).pipe(
    Stream.map(({ event, position }) => `id: ${position}\nevent: ${event._tag}\ndata: ${JSON.stringify(event)}\n\n`),
    Stream.encodeText
  )
  return HttpServerResponse.stream(feed, { contentType: "text/event-stream" })
})

const statuses: Readonly<Record<string, number>> = {
  InvalidRequest: 400,
  ParseError: 400,
  RequestError: 400,
  IdempotencyConflict: 409,
  SessionBusy: 429,
  ShuttingDown: 503
}

/** Each error has a stable code for programs and a message for people. */
const toResponse = (error: { readonly _tag: string; readonly message: string }) =>
  HttpServerResponse.unsafeJson(
    { code: Schema.is(SessionError)(error) ? error.code : "invalid_request", message: error.message },
    { status: statuses[error._tag] ?? 500 }
  )

const app = HttpRouter.empty.pipe(
  HttpRouter.post("/users/:userId/messages", send),
  HttpRouter.get("/users/:userId/messages", history),
  HttpRouter.get("/users/:userId/events", events),
  Effect.catchAll((error) => error._tag === "RouteNotFound" ? Effect.fail(error) : toResponse(error))
)

const announce = Layer.effectDiscard(
  HttpServer.addressFormattedWith((url) =>
    Console.log(`Listening on ${url}. Try\n  curl -d '{ "content": "Hello" }' ${url}/users/ada/messages`)
  )
)

const port = Config.withDefault(Config.integer("PORT"), 3000)

announce.pipe(
  Layer.provideMerge(HttpServer.serve(app)),
  Layer.provide(SessionRuntime.layerDevelopment),
  Layer.provide(
    Layer.unwrapEffect(Effect.map(port, (port) => NodeHttpServer.layer(createServer, { port, host: "127.0.0.1" })))
  ),
  Layer.launch,
  NodeRuntime.runMain
)
