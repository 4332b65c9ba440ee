import { assert, describe, it } from "@effect/vitest"
import { Effect, Inspectable, Layer, Redacted, Stream } from "effect"
import type { ProviderError } from "../../../src/domain/error/ProviderError.js"
import { OpenAiProvider } from "../../../src/layers/provider/OpenAiProvider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { asking, sessionId } from "../../domain/conversation.js"
import { jsonAnswer } from "../../vendor/answers.js"
import { type LoopbackServer, makeLoopbackServer } from "../../vendor/LoopbackServer.js"

const key = "sk-canary-key-0123456789"
const prompt = "canary of a prompt"

const errorBody = (type: string, code: string | null = null, message = `${prompt}; the key is ${key}`) => ({
  error: { message, type, param: null, code }
})

const failureAt = (url: string) =>
  Effect.gen(function*() {
    const registry = yield* ProviderRegistry
    const provider = yield* registry.get("openai")
    const session = yield* provider.open({ sessionId, model: "gpt-5.2", config: {} })
    return yield* Effect.flip(Stream.runDrain(session.respond(asking(prompt))))
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(
      OpenAiProvider.layer({ apiKey: Redacted.make(key), baseUrl: `${url}/v1`, conversation: "stateless" }),
      ProviderRegistry.layer()
    ))
  )

const answering = Effect.fnUntraced(function*(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
) {
  const server = yield* makeLoopbackServer((_, response) => jsonAnswer(response, status, body, headers))
  const error = yield* failureAt(server.url)
  assertOnce(server)
  assertSecret(error)
  return error
})

describe("OpenAiProvider", () => {
  it.scoped.each([400, 404, 405, 413, 422, 431])(
    "row 31: fails with ProviderRejected on HTTP %i",
    (status) =>
      Effect.gen(function*() {
        const error = yield* answering(status, errorBody("invalid_request_error"), { "x-request-id": "req_7" })
        assert(error._tag === "ProviderRejected")
        assert.strictEqual(error.provider, "openai")
        assert.include(error.reason, `HTTP ${status}`)
        assert.deepStrictEqual(error.context, { status, requestId: "req_7" })
        assert.strictEqual(error.overflow, status === 413 ? true : undefined)
      })
  )

  it.scoped("row 31: recognizes a request that is too long", () =>
    Effect.gen(function*() {
      const error = yield* answering(
        400,
        errorBody(
          "invalid_request_error",
          "context_length_exceeded",
          "Your input exceeds the context window of this model."
        )
      )
      assert(error._tag === "ProviderRejected")
      assert.isTrue(error.overflow)
    }))

  it.scoped.each([401, 403])("row 32: fails with ProviderAuth on HTTP %i", (status) =>
    Effect.gen(function*() {
      const error = yield* answering(status, errorBody("authentication_error", "invalid_api_key"))
      assert.strictEqual(error._tag, "ProviderAuth")
    }))

  it.scoped("row 33: fails with ProviderQuota when quota or credit is used up", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* answering(402, errorBody("billing_error")))._tag, "ProviderQuota")
      assert.strictEqual(
        (yield* answering(429, errorBody("insufficient_quota", "insufficient_quota")))._tag,
        "ProviderQuota"
      )
    }))

  it.scoped.each([408, 409])("row 34: fails with ProviderTransient on HTTP %i", (status) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* answering(status, errorBody("timeout_error")))._tag, "ProviderTransient")
    }))

  it.scoped.each<[number | undefined, Readonly<Record<string, string>>]>([
    [7_000, { "retry-after": "7" }],
    [250, { "retry-after-ms": "250", "retry-after": "7" }],
    [undefined, { "retry-after": "soon" }]
  ])("row 35: waits %s ms when HTTP 429 says %j", ([wait, headers]) =>
    Effect.gen(function*() {
      const error = yield* answering(429, errorBody("rate_limit_error", "rate_limit_exceeded"), headers)
      assert(error._tag === "ProviderTransient")
      assert.strictEqual(error.retryAfterMs, wait)
    }))

  it.scoped.each([500, 502, 503, 504, 529])(
    "row 36: fails with ProviderTransient on HTTP %i",
    (status) =>
      Effect.gen(function*() {
        const error = yield* answering(status, errorBody("server_error"), { "retry-after": "3" })
        assert(error._tag === "ProviderTransient")
        assert.strictEqual(error.retryAfterMs, 3_000)
        assert.strictEqual((yield* answering(status, `<html>${prompt}</html>`))._tag, "ProviderTransient")
        assert.strictEqual((yield* answering(status, ""))._tag, "ProviderTransient")
      })
  )

  it.scoped("row 37: fails with ProviderTransient when the port is closed", () =>
    Effect.gen(function*() {
      const { url } = yield* Effect.scoped(makeLoopbackServer(() => {}))
      yield* assertUnreached(url, "ECONNREFUSED")
    }))

  // A label of a host name has at most 63 characters, so this one is not looked up.
  it.scoped("row 37: fails with ProviderTransient when the host is unknown", () =>
    assertUnreached(`http://${"a".repeat(64)}.invalid`, "ENOTFOUND"))

  it.scoped("row 37: fails with ProviderTransient when the server does not speak TLS", () =>
    Effect.gen(function*() {
      const { url } = yield* makeLoopbackServer(() => {})
      yield* assertUnreached(url.replace("http:", "https:"), "ERR_SSL")
    }))
})

const assertUnreached = Effect.fnUntraced(function*(url: string, code: string) {
  const error = yield* failureAt(url)
  assert(error._tag === "ProviderTransient")
  assert.include(error.reason, code)
  assertSecret(error)
})

const assertOnce = (server: LoopbackServer) => assert.strictEqual(server.received.length, 1)

const assertSecret = (error: ProviderError) =>
  assert.notInclude(Inspectable.toStringUnknown({ ...error, message: error.message, stack: error.stack }), "canary")
