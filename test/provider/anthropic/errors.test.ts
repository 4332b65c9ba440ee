import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect } from "effect"
import type { ProviderError } from "../../../src/domain/error/ProviderError.js"
import { asking } from "../../domain/conversation.js"
import { jsonAnswer } from "../../vendor/answers.js"
import { replyEvents, toEvent } from "../../vendor/anthropic/replyEvents.js"
import { answerReply, apiKey, errorBody, makeAnthropicServer, requestId } from "../../vendor/AnthropicServer.js"
import type { LoopbackServer } from "../../vendor/LoopbackServer.js"
import { reply } from "./anthropic.js"

/** Vendors quote the prompt and the key. */
const quoting = `your prompt "canary" and your key ${apiKey}`

const failing = (server: LoopbackServer) => Effect.flip(reply(server, asking("a canary")))

/** The error of a call with this answer. It makes one request, and its error repeats nothing of the vendor's text. */
const errorOf = Effect.fnUntraced(
  function*(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    const server = yield* makeAnthropicServer()
    server.next((_, response) => jsonAnswer(response, status, body, { "request-id": requestId, ...headers }))
    const error = yield* failing(server)
    assert.strictEqual(server.received.length, 1)
    assertQuiet(error)
    return error
  }
)

const assertQuiet = (error: ProviderError | { readonly _tag: "ConfigurationError" }) =>
  assert.notInclude(JSON.stringify(error) + String(error) + Cause.pretty(Cause.fail(error)), "canary")

describe("AnthropicProvider", () => {
  describe("row 31:", () => {
    it.scoped.each<[number, string]>([
      [400, "invalid_request_error"],
      [404, "not_found_error"],
      [413, "request_too_large"],
      [422, "invalid_request_error"]
    ])("fails with ProviderRejected on HTTP %i", ([status, type]) =>
      Effect.gen(function*() {
        const error = yield* errorOf(status, errorBody(type, `messages.0.content: ${quoting}`))
        assert(error._tag === "ProviderRejected")
        assert.strictEqual(error.reason, `HTTP ${status}, ${type}, at messages.0.content`)
        assert.deepStrictEqual(error.context, { status, requestId })
        assert.strictEqual(error.overflow, status === 413 ? true : undefined)
      }))

    it.scoped("recognizes a prompt that is too long", () =>
      Effect.gen(function*() {
        const body = errorBody("invalid_request_error", "prompt is too long: 1000001 tokens > 1000000 maximum")
        const error = yield* errorOf(400, body)
        assert(error._tag === "ProviderRejected")
        assert.isTrue(error.overflow)
      }))
  })

  describe("row 32:", () => {
    it.scoped.each<[number, string]>([[401, "authentication_error"], [403, "permission_error"]])(
      "fails with ProviderAuth on HTTP %i, without the key",
      ([status, type]) =>
        Effect.gen(function*() {
          const error = yield* errorOf(status, errorBody(type, quoting))
          assert.strictEqual(error._tag, "ProviderAuth")
          assert.include(error.message, type)
        })
    )
  })

  describe("row 33:", () => {
    it.scoped.each<[number, string, string, unknown?]>([
      [402, "billing_error", quoting],
      [429, "rate_limit_error", quoting, { error_code: "enforced_spend_limit_reached" }],
      [429, "rate_limit_error", quoting, { error_code: "contract_spend_limit_reached" }],
      [400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."],
      [400, "invalid_request_error", "You have reached your specified workspace API usage limits."]
    ])("fails with ProviderQuota on HTTP %i %s: %s", ([status, type, message, details]) =>
      Effect.gen(function*() {
        const error = yield* errorOf(status, errorBody(type, message, details))
        assert.strictEqual(error._tag, "ProviderQuota")
      }))
  })

  describe("rows 34, 36:", () => {
    it.scoped.each<[number, unknown]>([
      [408, errorBody("timeout_error", quoting)],
      [409, errorBody("conflict_error", quoting)],
      [500, errorBody("api_error", quoting)],
      [502, `<html>${quoting}</html>`],
      [503, ""],
      [504, errorBody("timeout_error", quoting)],
      [529, errorBody("overloaded_error", quoting)]
    ])("fails with ProviderTransient on HTTP %i, without a retry", ([status, body]) =>
      Effect.gen(function*() {
        const error = yield* errorOf(status, body)
        assert(error._tag === "ProviderTransient")
        assert.isUndefined(error.retryAfterMs)
        assert.deepStrictEqual(error.context, { status, requestId })
      }))
  })

  describe("row 35:", () => {
    it.scoped.each<[Record<string, string>, number | undefined]>([
      [{}, undefined],
      [{ "retry-after": "7" }, 7000],
      [{ "retry-after-ms": "1500", "retry-after": "7" }, 1500],
      [{ "retry-after": "soon" }, undefined]
    ])("reads the wait of HTTP 429 with %j as %s ms", ([headers, expected]) =>
      Effect.gen(function*() {
        const error = yield* errorOf(429, errorBody("rate_limit_error", quoting), headers)
        assert(error._tag === "ProviderTransient")
        assert.strictEqual(error.retryAfterMs, expected)
      }))
  })

  describe("row 37:", () => {
    it.scoped("fails with ProviderTransient when the port is closed", () =>
      Effect.gen(function*() {
        const server = yield* Effect.scoped(makeAnthropicServer())
        const error = yield* failing(server)
        assert(error._tag === "ProviderTransient")
        assert.include(error.reason, "ECONNREFUSED")
      }))

    it.scoped("fails with ProviderTransient when the server does not speak TLS", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const error = yield* failing({ ...server, url: server.url.replace("http:", "https:") })
        assert.strictEqual(error._tag, "ProviderTransient")
        assert.strictEqual(server.received.length, 0)
      }))
  })

  describe("row 42: an error in the stream", () => {
    it.scoped.each<[string, ProviderError["_tag"]]>([
      ["invalid_request_error", "ProviderRejected"],
      ["authentication_error", "ProviderAuth"],
      ["permission_error", "ProviderAuth"],
      ["billing_error", "ProviderQuota"],
      ["not_found_error", "ProviderRejected"],
      ["request_too_large", "ProviderRejected"],
      ["rate_limit_error", "ProviderTransient"],
      ["timeout_error", "ProviderTransient"],
      ["api_error", "ProviderTransient"],
      ["overloaded_error", "ProviderTransient"],
      ["error_of_2027", "ProviderProtocol"]
    ])("of type %s is %s, before and after the first text", ([type, tag]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const broken = { event: "error", data: errorBody(type, quoting) }
        const begun = replyEvents().slice(0, 4)
        server.next((_, response) => answerReply(response, [broken]), (_, response) =>
          answerReply(response, [...begun, broken]))
        for (const _ of ["before", "after"]) {
          const error = yield* failing(server)
          assert.strictEqual(error._tag, tag)
          assert.include(error.message, type)
          assert.strictEqual(error.context?.["requestId"], requestId)
          assertQuiet(error)
        }
      }))

    it.scoped("that is not JSON is an error too", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, [{ event: "error", data: quoting }]))
        const error = yield* failing(server)
        assert.strictEqual(error._tag, "ProviderProtocol")
        assertQuiet(error)
      }))

    it.scoped("after the end of the reply is ignored", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, [...replyEvents(), toEvent({ type: "error" })]))
        assert.strictEqual((yield* reply(server, asking("Hi"))).at(-1)?._tag, "Finished")
      }))
  })
})
