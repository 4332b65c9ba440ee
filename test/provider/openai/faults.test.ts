import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Stream, TestClock } from "effect"
import type { ProviderError } from "../../../src/domain/error/ProviderError.js"
import type { ProviderEvent } from "../../../src/services/Provider.js"
import { asking } from "../../domain/conversation.js"
import { streamAnswer, type StreamOptions, toWire, type WireEvent } from "../../vendor/answers.js"
import type { Handler, LoopbackServer } from "../../vendor/LoopbackServer.js"
import { message, responseEvents } from "../../vendor/openai/responseEvents.js"
import { makeOpenAiServer } from "../../vendor/OpenAiServer.js"
import { textOf } from "../mock/mock.js"
import { ask, layer as layerOf, respond, saying, watched } from "./openai.js"

const layer = (server: LoopbackServer, limits: Parameters<typeof layerOf>[1] = {}) =>
  layerOf(server, { conversation: "stateless", ...limits })

/** The text before a reply failed, and its error. */
const broken = Effect.fnUntraced(function*(handler: Handler, limits?: Parameters<typeof layerOf>[1]) {
  const server = yield* makeOpenAiServer()
  server.next(handler)
  const seen: Array<ProviderEvent> = []
  const error: ProviderError | { readonly _tag: "ConfigurationError" } = yield* Effect.flip(
    Stream.runForEach(respond(asking("Hi")), (event) => Effect.sync(() => seen.push(event)))
  ).pipe(Effect.provide(layer(server, limits)))
  assert(error._tag !== "ConfigurationError")
  return { error, text: textOf(seen) }
})

/** The beginning of a reply. */
const begun = responseEvents([message("Half a reply")]).slice(0, 5)
const cut = (options?: StreamOptions): Handler => (_, response) => streamAnswer(response, begun, options)

const streaming = (events: ReadonlyArray<WireEvent> | string, options?: StreamOptions): Handler => (_, response) =>
  streamAnswer(response, events, options)

const whole = responseEvents([message("Grüße, 世界 🌍\u2028 ok")])
const said = "Grüße, 世界 🌍\u2028 ok"

/** The text of a reply in this stream. */
const textIn = Effect.fnUntraced(function*(events: ReadonlyArray<WireEvent> | string, options?: StreamOptions) {
  const server = yield* makeOpenAiServer()
  server.next(streaming(events, options))
  return textOf(yield* ask("Hi").pipe(Effect.provide(layer(server))))
})

const endless: Handler = (_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  const delta = toWire(responseEvents([message("more ".repeat(1_000))]).slice(4, -3))
  const write = (): void => void (response.destroyed || response.write(delta, write))
  write()
}

describe("OpenAiProvider", () => {
  it.scoped("rows 38, 46: closes the connection when there is no answer within 60 seconds, and ignores a late one", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const called = yield* Deferred.make<Parameters<Handler>>()
      const { closed, handler } = yield* watched((...call) => Deferred.unsafeDone(called, Exit.succeed(call)))
      server.next(handler)
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(Effect.flip(ask("Hi")))
        const [request, response] = yield* Deferred.await(called)
        yield* TestClock.adjust("59 seconds")
        assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
        yield* TestClock.adjust("1 second")
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag, "ProviderProtocol")
        assert.include(error.message, "no answer within 1m")
        yield* closed

        saying([message("Too late")])(request, response)
        assert.strictEqual(textOf(yield* ask("In time")), "You said: In time")
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("row 39: fails after 30 seconds without data, and keeps what has arrived", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const { closed, handler } = yield* watched(cut({ ending: "stall", headers: { "x-request-id": "req_7" } }))
      server.next(handler)
      yield* Effect.gen(function*() {
        const seen: Array<ProviderEvent> = []
        const heard = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(Effect.flip(Stream.runForEach(respond(asking("Hi")), (event) => {
          seen.push(event)
          return event._tag === "TextDelta" ? Deferred.succeed(heard, undefined) : Effect.void
        })))
        yield* Deferred.await(heard)
        yield* TestClock.adjust("30 seconds")
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag, "ProviderProtocol")
        assert.include(error.message, "no data for 30s")
        assert.strictEqual(textOf(seen), "Half ")
        assert.deepStrictEqual(seen[0], { _tag: "Identified", requestId: "req_7" })
        yield* closed
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("row 39: emits the request id even when nothing follows the headers", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.next(streaming("", { ending: "stall", headers: { "x-request-id": "req_7" } }))
      const identified = yield* Stream.runHead(respond(asking("Hi"))).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(Option.getOrUndefined(identified), { _tag: "Identified", requestId: "req_7" })
    }))

  it.scoped.each<[string, StreamOptions]>([
    ["the stream ends", { ending: "end" }],
    ["the connection breaks", { ending: "reset" }]
  ])(
    "row 40: fails when %s in the middle of a reply, and keeps what has arrived",
    ([, options]) =>
      Effect.gen(function*() {
        const { error, text } = yield* broken(cut(options))
        assert.strictEqual(error._tag, "ProviderProtocol")
        assert.strictEqual(text, "Half ")
      })
  )

  it.scoped("row 40: fails when the final event is missing", () =>
    Effect.gen(function*() {
      const { error, text } = yield* broken(streaming(whole.slice(0, -1)))
      assert.include(error.message, "the stream ended without a final event")
      assert.strictEqual(text, said)
      const { error: empty } = yield* broken(streaming(""))
      assert.include(empty.message, "the stream ended without a final event")
      const { error: done } = yield* broken(streaming("data: [DONE]\n\n"))
      assert.include(done.message, "the stream ended without a final event")
    }))

  it.scoped("row 41: reads packets of one byte, CRLF, and a byte order mark", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* textIn(whole, { packet: 1 }), said)
      assert.strictEqual(yield* textIn(whole, { packet: 3, lineEnd: "\r\n" }), said)
      assert.strictEqual(yield* textIn(`\uFEFF: ping\n\n${toWire(whole)}`), said)
    }))

  it.scoped("row 41: ignores unknown events", () =>
    Effect.gen(function*() {
      const unknown: ReadonlyArray<WireEvent> = [
        { event: "response.moon_phase", data: { type: "response.moon_phase", phase: "full" } },
        { event: "keepalive", data: { type: "keepalive", sequence_number: 3 } },
        { data: "null" },
        { data: "7" },
        { data: "[]" },
        { data: {} }
      ]
      const among = whole.map((event) => toWire([event])).join(toWire(unknown))
      assert.strictEqual(yield* textIn(among), said)
    }))

  it.scoped("row 41: fails on data that is not JSON", () =>
    Effect.gen(function*() {
      const { error, text } = yield* broken(
        streaming(`${toWire(begun)}event: response.output_text.delta\ndata: {"delta": canary\n\n`)
      )
      assert.strictEqual(error._tag, "ProviderProtocol")
      assert.notInclude(error.message, "canary")
      assert.strictEqual(text, "Half ")
    }))

  it.scoped("row 41: fails on a line of 10 MB before its end", () =>
    Effect.gen(function*() {
      const long = streaming(`data: "${"x".repeat(10_000_000)}`, { packet: 1_000_000, ending: "stall" })
      const { closed, handler } = yield* watched(long)
      const { error } = yield* broken(handler)
      assert.strictEqual(error._tag, "ProviderProtocol")
      assert.include(error.message, "a line of the reply is longer than")
      yield* closed
    }))

  it.scoped.each<[string, ProviderError["_tag"]]>([
    ["server_error", "ProviderTransient"],
    ["rate_limit_exceeded", "ProviderTransient"],
    ["vector_store_timeout", "ProviderTransient"],
    ["insufficient_quota", "ProviderQuota"],
    ["invalid_api_key", "ProviderAuth"],
    ["invalid_prompt", "ProviderRejected"],
    ["invalid_image_url", "ProviderRejected"],
    ["context_length_exceeded", "ProviderRejected"],
    ["never_heard_of", "ProviderProtocol"]
  ])("row 42: reads %s in the stream as %s, in all three forms", ([code, tag]) =>
    Effect.gen(function*() {
      const error = { type: "error", code, message: "canary", param: null, sequence_number: 6 }
      const forms = [
        error,
        { type: "error", error },
        { type: "response.failed", response: { id: "resp_1", status: "failed", error, usage: null } }
      ]
      for (const data of forms) {
        const { error, text } = yield* broken(streaming([...begun, { event: data.type, data }]))
        assert.strictEqual(error._tag, tag)
        assert.include(error.message, code)
        assert.notInclude(error.message, "canary")
        assert.strictEqual(text, "Half ")
      }
    }))

  it.scoped("row 42: fails when the response failed without a code", () =>
    Effect.gen(function*() {
      for (
        const data of [
          { type: "error", code: null, message: "canary" },
          { type: "response.failed", response: { id: "resp_1", error: null } }
        ]
      ) {
        const { error } = yield* broken(streaming([{ event: data.type, data }]))
        assert.strictEqual(error.message, "openai broke off its reply: the response failed without an error code")
      }
    }))

  it.scoped("row 42: counts the usage of a failed response", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.next(
        saying([], { end: { status: "failed", error: { code: "server_error", message: "Sorry" } } })
      )
      const seen: Array<ProviderEvent> = []
      yield* Effect.flip(Stream.runForEach(respond(asking("Hi")), (event) => Effect.sync(() => seen.push(event)))).pipe(
        Effect.provide(layer(server))
      )
      assert.deepStrictEqual(seen, [{
        _tag: "Usage",
        usage: { inputTokens: 3, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
      }])
    }))

  it.scoped("row 43: fails on an endless reply, and closes its connection", () =>
    Effect.gen(function*() {
      const { closed, handler } = yield* watched(endless)
      const { error } = yield* broken(handler, { maxReplyBytes: 100_000 })
      assert.strictEqual(error._tag, "ProviderProtocol")
      assert.include(error.message, "the reply is longer than 100000 bytes")
      yield* closed
    }))

  it.scoped("closes the connection when a call is interrupted before the answer", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const called = yield* Deferred.make<void>()
      const { closed, handler } = yield* watched(() => Deferred.unsafeDone(called, Exit.void))
      server.next(handler)
      const waiting = yield* Effect.fork(ask("Hi").pipe(Effect.provide(layer(server))))
      yield* Deferred.await(called)
      yield* Fiber.interrupt(waiting)
      yield* closed
    }))

  it.scoped("closes the connection when a call is interrupted during the answer", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const heard = yield* Deferred.make<void>()
      const { closed, handler } = yield* watched(cut({ ending: "stall" }))
      server.next(handler)
      const reading = yield* Effect.fork(
        Stream.runForEach(respond(asking("Hi")), () => Deferred.succeed(heard, undefined)).pipe(
          Effect.provide(layer(server))
        )
      )
      yield* Deferred.await(heard)
      yield* Fiber.interrupt(reading)
      yield* closed
    }))
})
