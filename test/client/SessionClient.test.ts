import { assert, describe, it, layer } from "@effect/vitest"
import {
  Chunk,
  Config,
  ConfigProvider,
  Context,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  Redacted,
  Schedule,
  Scope,
  Stream,
  TestClock
} from "effect"
import type * as Http from "node:http"
import { fromUrl } from "../../src/client/internal/protocol.js"
import * as SessionClient from "../../src/client/SessionClient.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { gatedReply } from "../host/gatedReply.js"
import * as TestServer from "../rpc/TestServer.js"
import { token } from "../rpc/token.js"
import { otherServer } from "./otherServer.js"

const transports = ["http", "websocket"] as const

const connect = (options: Partial<SessionClient.SessionClientOptions> & { readonly url: string }) =>
  Effect.map(Layer.build(SessionClient.layer({ token, ...options })), Context.get(SessionManager))

const serve = (port: number) => Layer.build(SessionServer.layer({ token, port, drainTimeout: 0 }))

const start = Effect.flatMap(
  SessionManager,
  (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
)

describe("SessionClient", () => {
  for (const transport of transports) {
    it.scoped(`fails at once over ${transport} while no server listens, and works when one does`, () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { port, url } = Context.get(yield* Scope.extend(serve(0), scope), SessionServer)
        const sessions = yield* connect({ url, transport })
        assert.strictEqual((yield* sessions.health).status, "ok")

        yield* Scope.close(scope, Exit.void)
        const error = yield* Effect.flip(sessions.health)
        assert.strictEqual(error._tag, "Disconnected")
        assert.include(error.message, `127.0.0.1:${port}/rpc`)

        yield* serve(port)
        const turnOfTheLoop = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
        const health = yield* sessions.health.pipe(
          Effect.tapError(() => Effect.zipRight(TestClock.adjust("1 second"), turnOfTheLoop)),
          Effect.retry(Schedule.forever)
        )
        assert.strictEqual(health.status, "ok")
      }).pipe(Effect.provide(SessionRuntime.layerTest())))

    it.scoped(`reports over ${transport} where it could not connect`, () =>
      Effect.gen(function*() {
        const sessions = yield* connect({ url: "http://127.0.0.1:9", transport })
        const error = yield* Effect.flip(sessions.health)
        assert.match(error.message, /no connection to (http|ws):\/\/127\.0\.0\.1:9\/rpc could be made$/)
        const streamed = yield* Effect.flip(Effect.flatMap(sessions.get("s"), ({ info }) => info))
        assert.strictEqual(streamed._tag, "Disconnected")
      }))

    layer(TestServer.layer())((it) => {
      it.scoped(`fails with Unauthorized over ${transport} for a wrong token`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessions = yield* connect({ url, transport, token: Redacted.make("some-other-token") })
          assert.strictEqual((yield* Effect.flip(sessions.health))._tag, "Unauthorized")
          const session = sessions.session((yield* start).id)
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(session.stream("hi"))))._tag, "Unauthorized")
        }))

      it.scoped(`does not send a call that is too large over ${transport}, and other calls continue`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessions = yield* connect({ url, transport })
          const { asked, open, reply } = yield* gatedReply("still here")
          yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
          const session = sessions.session((yield* start).id)
          const other = yield* Effect.fork(session.send("hello"))
          yield* asked
          const source = { _tag: "Inline", base64: "AAAA".repeat(125_000) } as const
          const image = { _tag: "Image", mediaType: "image/png", source } as const
          const error = yield* Effect.flip(session.send({ content: [image, image, image] }))
          assert.strictEqual(error._tag, "InvalidRequest")
          assert.strictEqual(error.message, "The request is larger than 1048576 bytes")
          yield* open
          assert.strictEqual((yield* Fiber.join(other)).text, "still here")
        }))

      it.scoped(`reads long text over ${transport} without damage`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessions = yield* connect({ url, transport })
          // Each character has three bytes, so most chunks end inside a character.
          const text = "€".repeat(200_000)
          yield* Effect.flatMap(MockProvider, (mock) => mock.script([{ text: [text] }, { text: [text] }]))
          const session = sessions.session((yield* start).id)
          assert.isTrue((yield* session.send("a long one")).text === text)
          const events = yield* Stream.runCollect(session.stream("another"))
          const deltas = Chunk.filter(events, (event) => event._tag === "TurnDelta")
          assert.isTrue(Chunk.join(Chunk.map(deltas, ({ text }) => text), "") === text)
        }))
    })

    it.scoped(`ends the call over ${transport} when its stream is left, but not the turn`, () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { url } = Context.get(
          yield* Layer.buildWithScope(SessionServer.layer({ token, port: 0, drainTimeout: "1 hour" }), scope),
          SessionServer
        )
        const sessions = yield* connect({ url, transport })
        const { asked, open, reply } = yield* gatedReply("finished alone")
        yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
        const local = yield* start
        yield* sessions.session(local.id).stream("hello").pipe(Stream.take(1), Stream.runDrain)
        yield* asked
        // Closing would wait for a running call.
        yield* Scope.close(scope, Exit.void)
        yield* open
        yield* local.send("next")
        const [first] = (yield* local.messages({ role: "assistant" })).items
        assert.strictEqual(first?.text, "finished alone")
      }).pipe(Effect.provide(SessionRuntime.layerTest())))
  }

  for (
    const { answer, reason, what } of [
      {
        what: "a web page",
        answer: (response: Http.ServerResponse) => response.end("<html>\n</html>\n"),
        reason: /answered with HTTP 200/
      },
      {
        what: "an error",
        answer: (response: Http.ServerResponse) => response.writeHead(502).end("bad gateway"),
        reason: /answered with HTTP 502/
      },
      {
        what: "no frame at all",
        answer: (response: Http.ServerResponse) => response.writeHead(200, ndjson).end(),
        reason: /response ended before the call did/
      },
      {
        what: "half a frame",
        answer: (response: Http.ServerResponse) => {
          response.writeHead(200, ndjson).write("{\"_tag\":\"Ex", () => response.destroy())
        },
        reason: /broke off/
      }
    ]
  ) {
    it.scoped(`reports a server that answers with ${what}`, () =>
      Effect.gen(function*() {
        const url = yield* otherServer((_, response) => void answer(response))
        const sessions = yield* connect({ url, transport: "http" })
        const error = yield* Effect.flip(sessions.health)
        assert.strictEqual(error._tag, "Disconnected")
        assert.match(error.message, reason)
      }))
  }

  it.scoped("reports a server without WebSockets", () =>
    Effect.gen(function*() {
      const url = yield* otherServer((_, response) => void response.end())
      const sessions = yield* connect({ url })
      assert.strictEqual((yield* Effect.flip(sessions.health))._tag, "Disconnected")
    }))

  for (
    const url of [
      "",
      "localhost:4080",
      "ftp://127.0.0.1",
      "http://",
      "http://canary@127.0.0.1",
      "http://:canary@127.0.0.1",
      "http://127.0.0.1?token=canary",
      "http://127.0.0.1#canary"
    ]
  ) {
    it.scoped(`refuses the URL "${url}"`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(connect({ url }))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.match(error.message, /^url must/)
        assert.notInclude(error.message, "canary")
      }))
  }
})

describe("layerConfig", () => {
  it.scoped("reads the settings of a server and of a client", () =>
    Effect.gen(function*() {
      const settings = { token: Config.redacted("TOKEN"), port: Config.integer("PORT") }
      const { url } = Context.get(yield* Layer.build(SessionServer.layerConfig(settings)), SessionServer)
      const client = SessionClient.layerConfig({ url: Config.succeed(url), token: Config.redacted("TOKEN") })
      const sessions = Context.get(yield* Layer.build(client), SessionManager)
      assert.strictEqual((yield* sessions.health).status, "ok")
    }).pipe(
      Effect.provide(SessionRuntime.layerTest()),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["TOKEN", Redacted.value(token)], ["PORT", "0"]])))
    ))
})

describe("fromUrl", () => {
  it.each(
    [
      { url: "http://127.0.0.1:4080", transport: "websocket", expected: "ws://127.0.0.1:4080/rpc" },
      { url: "https://example.com/", transport: "websocket", expected: "wss://example.com/rpc" },
      { url: "ws://[::1]:4080", transport: "websocket", expected: "ws://[::1]:4080/rpc" },
      { url: "wss://example.com/sessions/", transport: "websocket", expected: "wss://example.com/sessions/rpc" },
      { url: "http://example.com/rpc", transport: "http", expected: "http://example.com/rpc" },
      { url: "wss://example.com", transport: "http", expected: "https://example.com/rpc" }
    ] as const
  )("takes $url over $transport to $expected", ({ expected, transport, url }) => {
    assert.deepStrictEqual(fromUrl(url, transport), Either.right({ transport, url: expected }))
  })
})

const ndjson = { "content-type": "application/ndjson" }
