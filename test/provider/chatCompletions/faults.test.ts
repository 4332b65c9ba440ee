import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Either, Fiber, Stream, TestClock } from "effect"
import type { ProviderEvent } from "../../../src/services/Provider.js"
import { toWire, type WireEvent } from "../../vendor/answers.js"
import {
  chunk,
  done,
  failing,
  finish,
  makeChatCompletionsServer,
  requestId,
  streaming,
  textReply,
  usage,
  watched
} from "../../vendor/ChatCompletionsServer.js"
import type { Handler } from "../../vendor/LoopbackServer.js"
import { apiKey, type Options, reply, respond } from "./chatCompletions.js"

/** Makes one call that this handler answers, and returns the text, the error and the last event. */
const outcomeOf = (handler: Handler, options: Options = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* makeChatCompletionsServer()
    server.next(handler)
    const seen: Array<ProviderEvent> = []
    const ended = yield* Effect.either(
      Stream.runForEach(
        respond(server.url, undefined, {}, { apiKey, ...options }),
        (event) => Effect.sync(() => seen.push(event))
      )
    )
    assert.strictEqual(server.received.length, 1, "one call")
    const error = Either.getOrUndefined(Either.flip(ended))
    assert.notInclude(`${error} ${JSON.stringify(error)}`, "canary")
    return { error, text: textOf(seen), last: seen.at(-1) }
  }))

const errorOf = (handler: Handler, options?: Options) =>
  Effect.map(outcomeOf(handler, options), ({ error }): Fields => ({ ...error }))

type Fields = Partial<{ [Field in "_tag" | "reason" | "retryAfterMs" | "overflow" | "context"]: unknown }>

const textOf = (events: ReadonlyArray<ProviderEvent>) =>
  events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")

const finishedOf = (events: ReadonlyArray<WireEvent>) => Effect.map(outcomeOf(streaming(events)), ({ last }) => last)

/** Makes a call whose answer stalls, lets the time pass, and returns the error and text once the connection is closed. */
const after = Effect.fnUntraced(
  function*(wait: "60 seconds" | "30 seconds" | "5 seconds", answer: Handler, options: Options = {}) {
    const server = yield* makeChatCompletionsServer()
    const parked = yield* Deferred.make<void>()
    const { handler, hungUp } = yield* watched((request, response) => {
      answer(request, response)
      if (!response.headersSent) Deferred.unsafeDone(parked, Effect.void)
    })
    server.next(handler)
    const seen: Array<ProviderEvent> = []
    const call = yield* Effect.fork(
      Stream.runForEach(respond(server.url, undefined, {}, options), (event) => {
        seen.push(event)
        return event._tag === "TextDelta" ? Deferred.succeed(parked, undefined) : Effect.void
      })
    )
    yield* Deferred.await(parked)
    yield* TestClock.adjust(wait)
    const { _tag, message } = yield* Effect.flip(Fiber.join(call))
    yield* hungUp
    return [_tag, message, textOf(seen)]
  }
)

const hang: Handler = () => {}

/** Writes an endless reply, as fast as the reader takes it. */
const endless = (bytes: Buffer): Handler => (_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  const write = (): void => {
    if (response.destroyed) return
    if (response.write(bytes)) setImmediate(write)
    else response.once("drain", write)
  }
  write()
}

describe("ChatCompletionsProvider", () => {
  it.effect.each([400, 404, 413, 422])(
    "row 31: fails with ProviderRejected on HTTP %d",
    (status) =>
      Effect.gen(function*() {
        const error = { message: "canary", type: "invalid_request_error", code: null, param: "messages[0].content" }
        const { _tag, context, overflow, reason } = yield* errorOf(failing(status, error))
        assert.deepStrictEqual([_tag, reason, context, overflow], [
          "ProviderRejected",
          `HTTP ${status}, invalid_request_error, at messages[0].content`,
          { status, requestId },
          status === 413 ? true : undefined
        ])
      })
  )

  it.effect("row 31: recognizes a request that is too long by its code or message", () =>
    Effect.gen(function*() {
      for (
        const error of [
          { message: "canary", code: "context_length_exceeded" },
          { message: "This model's maximum context length is 4096 tokens. canary" }
        ]
      ) assert.deepInclude(yield* errorOf(failing(400, error)), { _tag: "ProviderRejected", overflow: true })
    }))

  it.effect("row 31: accepts errors of other shapes than OpenAI's", () =>
    Effect.gen(function*() {
      for (const body of ["{\"error\":\"canary\"}", "{\"detail\":\"canary\"}", "<html>canary</html>", ""]) {
        const error = yield* errorOf((_, response) => response.writeHead(404).end(body))
        assert.deepInclude(error, { _tag: "ProviderRejected", reason: "HTTP 404" })
      }
    }))

  it.effect.each([401, 403])(
    "row 32: fails with ProviderAuth on HTTP %d, without the key",
    (status) =>
      Effect.gen(function*() {
        const message = "Incorrect API key provided: sk-canary-0123456789"
        const error = yield* errorOf(
          failing(status, { message, type: "invalid_request_error", code: "invalid_api_key" })
        )
        assert.deepInclude(error, {
          _tag: "ProviderAuth",
          reason: `HTTP ${status}, invalid_request_error, invalid_api_key`
        })
      })
  )

  it.effect("row 33: tells a used-up quota from a rate limit", () =>
    Effect.gen(function*() {
      const quota = { message: "canary", type: "insufficient_quota", code: "insufficient_quota" }
      assert.deepInclude(yield* errorOf(failing(402)), { _tag: "ProviderQuota" })
      assert.deepInclude(yield* errorOf(failing(429, quota)), { _tag: "ProviderQuota" })
      assert.deepInclude(yield* errorOf(failing(429)), { _tag: "ProviderTransient" })
    }))

  it.effect.each([408, 409, 500, 502, 503, 504, 529])(
    "rows 34, 36: fails with ProviderTransient on HTTP %d",
    (status) =>
      Effect.gen(function*() {
        assert.deepInclude(yield* errorOf(failing(status)), {
          _tag: "ProviderTransient",
          reason: `HTTP ${status}, some_error`,
          context: { status, requestId }
        })
      })
  )

  it.effect.each<[string, string, number | undefined]>([
    ["retry-after", "7", 7000],
    ["retry-after-ms", "1500", 1500],
    ["retry-after", "soon", undefined]
  ])("row 35: reads %s: %s", ([name, value, expected]) =>
    Effect.gen(function*() {
      const { _tag, retryAfterMs } = yield* errorOf(failing(429, {}, { [name]: value }))
      assert.deepStrictEqual([_tag, retryAfterMs], ["ProviderTransient", expected])
    }))

  it.effect("row 37: fails with ProviderTransient when the port is closed or the host unknown", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(Effect.map(makeChatCompletionsServer(), (server) => server.url))
      for (const unreachable of [url, "http://gateway.invalid"]) {
        const error = yield* Effect.flip(reply(unreachable))
        assert(error._tag === "ProviderTransient")
        assert.match(error.reason, /^could not connect \((?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\)$/)
      }
    }))

  it.scoped("row 37: fails with ProviderTransient when the server does not speak TLS", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer()
      const error = yield* Effect.flip(reply(server.url.replace("http:", "https:")))
      assert(error._tag === "ProviderTransient")
      assert.include(error.reason, "could not connect")
    }))

  it.scoped("rows 38, 46: closes the connection after firstByteTimeout, 60 seconds by default", () =>
    Effect.gen(function*() {
      const broken = "chat broke off its reply: no answer within"
      assert.deepStrictEqual(yield* after("60 seconds", hang), ["ProviderProtocol", `${broken} 1m`, ""])
      assert.deepStrictEqual(yield* after("5 seconds", hang, { firstByteTimeout: "5 seconds" }), [
        "ProviderProtocol",
        `${broken} 5s`,
        ""
      ])
    }))

  it.scoped("row 39: closes the connection after idleTimeout, 30 seconds by default", () =>
    Effect.gen(function*() {
      const some = streaming([chunk({ content: "some" })], { ending: "stall" })
      const broken = "chat broke off its reply: no data for"
      assert.deepStrictEqual(yield* after("30 seconds", some), ["ProviderProtocol", `${broken} 30s`, "some"])
      assert.deepStrictEqual(yield* after("5 seconds", some, { idleTimeout: "5 seconds" }), [
        "ProviderProtocol",
        `${broken} 5s`,
        "some"
      ])
    }))

  it.effect.each<[string, Handler, string]>([
    [
      "ends well",
      streaming([chunk({ content: "some" })], { ending: "end" }),
      "the stream ended without a finish_reason"
    ],
    ["sends [DONE]", streaming([chunk({ content: "some" })]), "the stream ended without a finish_reason"],
    ["breaks", streaming([chunk({ content: "some" })], { ending: "reset" }), "the connection broke"],
    [
      "loses its last line",
      streaming(toWire([chunk({ content: "some" }), finish("stop")]).slice(0, -4)),
      "the stream ended without a finish_reason"
    ]
  ])(
    "row 40: fails when a reply %s before its end, and keeps what has arrived",
    ([, handler, reason]) =>
      Effect.gen(function*() {
        const { error, text } = yield* outcomeOf(handler)
        assert(error?._tag === "ProviderProtocol")
        assert.deepStrictEqual([text, error.reason], ["some", reason])
      })
  )

  it.effect.each<[string, Handler]>([
    ["in packets of one byte", streaming(textReply("Grüße, 世界 🌍!"), { packet: 1 })],
    ["in packets of five bytes", streaming(textReply("Grüße, 世界 🌍!"), { packet: 5 })],
    ["with CRLF", streaming(textReply("Grüße, 世界 🌍!"), { lineEnd: "\r\n", packet: 3 })],
    ["after a BOM", streaming(`\uFEFF${toWire([...textReply("Grüße, 世界 🌍!"), done])}`)],
    [
      "among comments and unknown events",
      streaming(`: PROCESSING\n\nevent: ping\ndata: {}\n\nid: 7\nretry: 5\n\n${toWire(textReply("Grüße, 世界 🌍!"))}`)
    ]
  ])("row 41: reads a stream %s", ([, handler]) =>
    Effect.gen(function*() {
      const { error, text } = yield* outcomeOf(handler)
      assert.isUndefined(error)
      assert.strictEqual(text, "Grüße, 世界 🌍!")
    }))

  it.effect.each<[string, WireEvent]>([
    ["not JSON", { data: "{\"canary\":" }],
    ["not an object", { data: "\"canary\"" }],
    ["null", { data: "null" }],
    ["another object", { data: { choices: "canary" } }]
  ])("row 41: fails on data that is %s, and keeps what has arrived", ([, event]) =>
    Effect.gen(function*() {
      const { error, text } = yield* outcomeOf(streaming([chunk({ content: "some" }), event, finish("stop")]))
      assert.deepStrictEqual([error?._tag, text], ["ProviderProtocol", "some"])
    }))

  it.scoped("rows 41, 43: limits a line and a whole reply, and closes the connection", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer()
      const line = yield* watched(endless(Buffer.alloc(256 * 1024, "x")))
      const whole = yield* watched(endless(Buffer.from(toWire([chunk({ content: "more " })]).repeat(100))))
      server.next(line.handler, whole.handler)
      const errors = [
        yield* Effect.flip(reply(server.url)),
        yield* Effect.flip(reply(server.url, undefined, {}, { maxReplyBytes: 100_000 }))
      ]
      assert.deepStrictEqual(errors.map(({ message }) => message), [
        "chat broke off its reply: a line of the reply is longer than 1048576 bytes",
        "chat broke off its reply: the reply is longer than 100000 bytes"
      ])
      yield* Effect.all([line.hungUp, whole.hungUp])
    }))

  it.effect.each<[object, string]>([
    [{ message: "canary", type: "invalid_request_error", code: "context_length_exceeded" }, "ProviderRejected"],
    [{ message: "canary", code: "invalid_api_key" }, "ProviderAuth"],
    [{ message: "canary", code: "insufficient_quota" }, "ProviderQuota"],
    [{ message: "canary", type: "server_error" }, "ProviderTransient"],
    [{ message: "canary", code: 502 }, "ProviderTransient"],
    [{ message: "canary", code: 401 }, "ProviderAuth"],
    [{ message: "canary" }, "ProviderProtocol"]
  ])(
    "row 42: reads %j in a stream like the matching HTTP status",
    ([error, expected]) =>
      Effect.gen(function*() {
        const outcome = yield* outcomeOf(streaming([chunk({ content: "some" }), { data: { error } }, finish("stop")]))
        assert.deepStrictEqual([outcome.error?._tag, outcome.text], [expected, "some"])
      })
  )

  it.effect("row 44: tells apart an empty reply, a blank one, a refusal, and tool calls alone", () =>
    Effect.gen(function*() {
      const call = chunk({ tool_calls: [{ index: 0, id: "a", function: { name: "time", arguments: "" } }] })
      const endings = yield* Effect.forEach([
        [finish("stop")],
        textReply("  \n "),
        [chunk({ refusal: "No." }), finish("stop")],
        [finish("content_filter")],
        [call, finish("tool_calls")]
      ], finishedOf)
      assert.deepStrictEqual(
        endings.map((event) => event?._tag === "Finished" && event.reason),
        ["complete", "complete", "refusal", "refusal", "toolCalls"]
      )
    }))

  it.effect.each<[string, object | undefined]>([
    ["is absent", undefined],
    ["is empty", {}],
    ["is negative", { prompt_tokens: -1, completion_tokens: 3 }],
    ["is not a number", { prompt_tokens: "7", completion_tokens: 3 }],
    ["contradicts itself", { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } }]
  ])("row 45: ignores usage that %s", ([, counted]) =>
    Effect.gen(function*() {
      const last = yield* finishedOf([...textReply("Hi"), ...(counted ? [usage(counted)] : [])])
      assert(last?._tag === "Finished")
      assert.isUndefined(last.usage)
    }))

  it.effect("reads usage whose details are null", () =>
    Effect.gen(function*() {
      const counted = { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: null }
      const last = yield* finishedOf([...textReply("Hi"), usage(counted)])
      assert(last?._tag === "Finished")
      assert.deepStrictEqual(last.usage, { inputTokens: 7, outputTokens: 3 })
    }))
})
