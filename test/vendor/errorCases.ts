import { assert, describe, it } from "@effect/vitest"
import { Effect, Inspectable, Layer, Stream, TestClock } from "effect"
import type { ProviderError } from "../../src/domain/error/ProviderError.js"
import type { ConfigurationError } from "../../src/domain/error/RequestError.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { asking, sessionId } from "../domain/conversation.js"
import { jsonAnswer } from "./answers.js"
import { type LoopbackServer, makeLoopbackServer } from "./LoopbackServer.js"

/** What the tests of HTTP errors need to know of a vendor. */
export interface ErrorCasesOptions {
  readonly title: string
  /** The name that the provider registers under. */
  readonly name: string
  readonly model: string
  /** The provider, which keeps nothing with the vendor, so that a reply is one request. */
  readonly layer: (url: string, apiKey: string) => Layer.Layer<never, ConfigurationError, ProviderRegistry>
  /** An error as the vendor writes it. */
  readonly body: (error: { readonly type: string; readonly code: string | null; readonly message: string }) => unknown
  /** The header that names a request. */
  readonly requestIdHeader: string
  /** How the vendor says that nothing is left to spend, and that a request is longer than the model can take. */
  readonly quota: { readonly status: number; readonly body: unknown }
  readonly overflow: { readonly status: number; readonly body: unknown }
}

const key = "sk-canary-key-0123456789"
const said = "canary of a prompt"

/**
 * Tests what becomes of each HTTP status, and of what is no HTTP at all: rows 31 to 37 of the fault matrix, as far as they are a
 * provider's. To try again is the runtime's.
 */
export const errorCases = (vendor: ErrorCasesOptions): void => {
  const failureAt = (url: string) =>
    Effect.gen(function*() {
      const registry = yield* ProviderRegistry
      const provider = yield* registry.get(vendor.name)
      const session = yield* provider.open({ sessionId, model: vendor.model, config: {} })
      return yield* Effect.flip(Stream.runDrain(session.respond(asking(said))))
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(vendor.layer(url, key), ProviderRegistry.layer()))
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

  const bodyOf = (type: string, code: string | null = null) =>
    vendor.body({ type, code, message: `${said}; the key is ${key}` })

  describe(vendor.title, () => {
    it.scoped.each([400, 404, 405, 413, 422, 431])(
      "row 31: refuses what the vendor refuses with HTTP %i",
      (status) =>
        Effect.gen(function*() {
          const error = yield* answering(status, bodyOf("invalid_request_error"), { [vendor.requestIdHeader]: "req_7" })
          assert(error._tag === "ProviderRejected")
          assert.strictEqual(error.provider, vendor.name)
          assert.include(error.reason, `HTTP ${status}`)
          assert.deepStrictEqual(error.context, { status, requestId: "req_7" })
          assert.strictEqual(error.overflow, status === 413 ? true : undefined)
        })
    )

    it.scoped("row 31: says so when the request is longer than the model can take", () =>
      Effect.gen(function*() {
        const error = yield* answering(vendor.overflow.status, vendor.overflow.body)
        assert(error._tag === "ProviderRejected")
        assert.isTrue(error.overflow)
      }))

    it.scoped.each([401, 403])("row 32: takes HTTP %i for a key that does not fit", (status) =>
      Effect.gen(function*() {
        const error = yield* answering(status, bodyOf("authentication_error", "invalid_api_key"))
        assert.strictEqual(error._tag, "ProviderAuth")
      }))

    it.scoped("row 33: knows when nothing is left to spend", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* answering(402, bodyOf("billing_error")))._tag, "ProviderQuota")
        assert.strictEqual((yield* answering(vendor.quota.status, vendor.quota.body))._tag, "ProviderQuota")
      }))

    it.scoped.each([408, 409])("row 34: takes HTTP %i for something that may pass", (status) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* answering(status, bodyOf("timeout_error")))._tag, "ProviderTransient")
      }))

    it.scoped.each<[number | undefined, Readonly<Record<string, string>>]>([
      [2_000, { "retry-after": "2" }],
      [1_500, { "retry-after": "1.5" }],
      [0, { "retry-after": "0" }],
      [1e12, { "retry-after": "1000000000" }],
      [30_000, { "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }],
      [0, { "retry-after": "Thu, 01 Jan 1970 00:00:01 GMT" }],
      [250, { "retry-after-ms": "250" }],
      [250, { "retry-after-ms": "250", "retry-after": "7" }],
      [7_000, { "retry-after-ms": "soon", "retry-after": "7" }],
      [undefined, { "retry-after": "-1" }],
      [undefined, { "retry-after": "soon" }],
      [undefined, { "retry-after": "" }],
      [undefined, { "retry-after": "Infinity" }],
      [undefined, {}]
    ])("row 35: waits %s ms when HTTP 429 says %j", ([wait, headers]) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(30_000)
        const error = yield* answering(429, bodyOf("rate_limit_error", "rate_limit_exceeded"), headers)
        assert(error._tag === "ProviderTransient")
        assert.strictEqual(error.retryAfterMs, wait)
      }))

    it.scoped.each([500, 502, 503, 504, 529])(
      "row 36: takes HTTP %i for something that may pass",
      (status) =>
        Effect.gen(function*() {
          const error = yield* answering(status, bodyOf("server_error"), { "retry-after": "3" })
          assert(error._tag === "ProviderTransient")
          assert.strictEqual(error.retryAfterMs, 3_000)
          assert.strictEqual((yield* answering(status, `<html>${said}</html>`))._tag, "ProviderTransient")
          assert.strictEqual((yield* answering(status, ""))._tag, "ProviderTransient")
        })
    )

    it.scoped("row 37: takes a port that nobody listens on for something that may pass", () =>
      Effect.gen(function*() {
        const { url } = yield* Effect.scoped(makeLoopbackServer(() => {}))
        yield* assertUnreached(url, "ECONNREFUSED")
      }))

    // A label of a name has 63 characters at most, so that nobody needs to be asked for this one.
    it.scoped("row 37: takes a name that nobody has for something that may pass", () =>
      assertUnreached(`http://${"a".repeat(64)}.invalid`, "ENOTFOUND"))

    it.scoped("row 37: takes a server that speaks no TLS for something that may pass", () =>
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
}

const assertOnce = (server: LoopbackServer) => assert.strictEqual(server.received.length, 1)

const assertSecret = (error: ProviderError) =>
  assert.notInclude(Inspectable.toStringUnknown({ ...error, message: error.message, stack: error.stack }), "canary")
