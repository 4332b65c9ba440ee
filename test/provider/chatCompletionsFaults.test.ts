import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Either, Fiber, Stream, TestClock } from "effect"
import type { ProviderEvent } from "../../src/services/Provider.js"
import { toWire, type WireEvent } from "../vendor/answers.js"
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
} from "../vendor/ChatCompletionsServer.js"
import type { Handler } from "../vendor/LoopbackServer.js"
import { apiKey, type Options, reply, respond } from "./chatCompletions.js"

/** All that comes of a call that is answered so: the text, and the error or how it ended. */
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

/** What a call comes to that is answered so, and then not, once the time has passed. Its connection is closed then. */
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

/** Writes on and on, as fast as it is read. */
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
    "row 31: rejects what is refused with HTTP %d",
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

  it.effect("row 31: knows a request that is too long, by its code or by what gateways say", () =>
    Effect.gen(function*() {
      for (
        const error of [
          { message: "canary", code: "context_length_exceeded" },
          { message: "This model's maximum context length is 4096 tokens. canary" }
        ]
      ) assert.deepInclude(yield* errorOf(failing(400, error)), { _tag: "ProviderRejected", overflow: true })
    }))

  it.effect("row 31: understands errors that are not of OpenAI's shape", () =>
    Effect.gen(function*() {
      for (const body of ["{\"error\":\"canary\"}", "{\"detail\":\"canary\"}", "<html>canary</html>", ""]) {
        const error = yield* errorOf((_, response) => response.writeHead(404).end(body))
        assert.deepInclude(error, { _tag: "ProviderRejected", reason: "HTTP 404" })
      }
    }))

  it.effect.each([401, 403])(
    "row 32: takes HTTP %d for a refusal of the key, and does not repeat it",
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

  it.effect("row 33: knows a used-up quota from a rate limit", () =>
    Effect.gen(function*() {
      const quota = { message: "canary", type: "insufficient_quota", code: "insufficient_quota" }
      assert.deepInclude(yield* errorOf(failing(402)), { _tag: "ProviderQuota" })
      assert.deepInclude(yield* errorOf(failing(429, quota)), { _tag: "ProviderQuota" })
      assert.deepInclude(yield* errorOf(failing(429)), { _tag: "ProviderTransient" })
    }))

  it.effect.each([408, 409, 500, 502, 503, 504, 529])(
    "rows 34, 36: takes HTTP %d for a passing failure",
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
    ["retry-after", "Thu, 01 Jan 1970 00:00:09 GMT", 9000],
    ["retry-after-ms", "1500", 1500],
    ["retry-after", "1000000000", 1e12],
    ["retry-after", "-1", undefined],
    ["retry-after", "soon", undefined]
  ])("row 35: reads %s: %s", ([name, value, expected]) =>
    Effect.gen(function*() {
      const { _tag, retryAfterMs } = yield* errorOf(failing(429, {}, { [name]: value }))
      assert.deepStrictEqual([_tag, retryAfterMs], ["ProviderTransient", expected])
    }))

  it.effect("row 37: knows that a call was not begun where nobody listens, or nobody has that name", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(Effect.map(makeChatCompletionsServer(), (server) => server.url))
      for (const unreachable of [url, "http://gateway.invalid"]) {
        const error = yield* Effect.flip(reply(unreachable))
        assert(error._tag === "ProviderTransient")
        assert.match(error.reason, /^could not connect \((?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\)$/)
      }
    }))

  it.scoped("row 37: knows that a call was not begun where the other side speaks no TLS", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer()
      const error = yield* Effect.flip(reply(server.url.replace("http:", "https:")))
      assert(error._tag === "ProviderTransient")
      assert.include(error.reason, "could not connect")
    }))

  it.scoped("rows 38, 46: waits 60 seconds for an answer, or as told, and hangs up on one that would come later", () =>
    Effect.gen(function*() {
      const broken = "chat broke off its reply: no answer within"
      assert.deepStrictEqual(yield* after("60 seconds", hang), ["ProviderProtocol", `${broken} 1m`, ""])
      assert.deepStrictEqual(yield* after("5 seconds", hang, { firstByteTimeout: "5 seconds" }), [
        "ProviderProtocol",
        `${broken} 5s`,
        ""
      ])
    }))

  it.scoped("row 39: waits 30 seconds for more of a reply, or as told, and hangs up", () =>
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
    ["ends well", streaming([chunk({ content: "some" })], { ending: "end" }), "the stream ended without a finish_reason"],
    ["says that it is done", streaming([chunk({ content: "some" })]), "the stream ended without a finish_reason"],
    ["breaks", streaming([chunk({ content: "some" })], { ending: "reset" }), "the connection broke"],
    [
      "loses its last line",
      streaming(toWire([chunk({ content: "some" }), finish("stop")]).slice(0, -4)),
      "the stream ended without a finish_reason"
    ]
  ])("row 40: keeps what has come of a reply that %s before its end", ([, handler, reason]) =>
    Effect.gen(function*() {
      const { error, text } = yield* outcomeOf(handler)
      assert(error?._tag === "ProviderProtocol")
      assert.deepStrictEqual([text, error.reason], ["some", reason])
    }))

  it.effect.each<[string, Handler]>([
    ["in packets of one byte", streaming(textReply("Grüße, 世界 🌍!"), { packet: 1 })],
    ["in packets of five bytes", streaming(textReply("Grüße, 世界 🌍!"), { packet: 5 })],
    ["with CRLF", streaming(textReply("Grüße, 世界 🌍!"), { lineEnd: "\r\n", packet: 3 })],
    ["after a BOM", streaming(`\uFEFF${toWire([...textReply("Grüße, 世界 🌍!"), done])}`)],
    [
      "among comments and events that nobody knows",
      streaming(`: PROCESSING\n\nevent: ping\ndata: {}\n\nid: 7\nretry: 5\n\n${toWire(textReply("Grüße, 世界 🌍!"))}`)
    ]
  ])("row 41: reads a stream that comes %s", ([, handler]) =>
    Effect.gen(function*() {
      const { error, text } = yield* outcomeOf(handler)
      assert.isUndefined(error)
      assert.strictEqual(text, "Grüße, 世界 🌍!")
    }))

  it.effect.each<[string, WireEvent]>([
    ["no JSON", { data: "{\"canary\":" }],
    ["no object", { data: "\"canary\"" }],
    ["nothing", { data: "null" }],
    ["an object of another kind", { data: { choices: "canary" } }]
  ])("row 41: fails on data that is %s, and keeps what has come", ([, event]) =>
    Effect.gen(function*() {
      const { error, text } = yield* outcomeOf(streaming([chunk({ content: "some" }), event, finish("stop")]))
      assert.deepStrictEqual([error?._tag, text], ["ProviderProtocol", "some"])
    }))

  it.scoped("rows 41, 43: bounds a line and a whole reply, and hangs up", () =>
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
    "row 42: takes %j in the middle of a stream for what it means as a status",
    ([error, expected]) =>
      Effect.gen(function*() {
        const outcome = yield* outcomeOf(streaming([chunk({ content: "some" }), { data: { error } }, finish("stop")]))
        assert.deepStrictEqual([outcome.error?._tag, outcome.text], [expected, "some"])
      })
  )

  it.effect("row 44: tells apart an empty reply, a blank one, a refusal, and one of calls alone", () =>
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
    ["is no number", { prompt_tokens: "7", completion_tokens: 3 }],
    ["makes no sense", { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } }]
  ])("row 45: knows no usage that %s", ([, counted]) =>
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
