import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as SecurityMiddleware from "../../src/layers/middleware/SecurityMiddleware.js"
import { context, pipeline, prompt, textsOf } from "./pipeline.js"

const secured = (text: string, options?: SecurityMiddleware.SecurityMiddlewareOptions) =>
  Effect.flatMap(
    SecurityMiddleware.make(options),
    (security) => pipeline(({ admission }) => admission(prompt(text), context), security)
  )

describe("SecurityMiddleware", () => {
  it.effect.each<[string, string]>([
    ["my card is 4111 1111 1111 1111.", "my card is [credit card]."],
    ["４１１１-1111-1111-1111", "[credit card]"],
    ["٤١١١111111111111", "[credit card]"],
    ["4111\u200B111111111111", "[credit card]"],
    ["4111 1111 1111 1112", "4111 1111 1111 1112"],
    ["941111111111111111111111", "941111111111111111111111"],
    ["ssn 123-45-6789, not 000-12-3456", "ssn [social security number], not 000-12-3456"],
    ["write to ada@example.com!", "write to [email address]!"],
    ["call +44 20 7946 0958 or (212) 555-0123", "call [phone number] or [phone number]"],
    ["in 2024-05-06, version 1.2.3, order 12345678", "in 2024-05-06, version 1.2.3, order 12345678"],
    [`key sk-ant-${"a1".repeat(20)}`, "key [API key]"],
    [`ghp_${"a1".repeat(18)} AKIA${"A1".repeat(8)}`, "[API key] [API key]"],
    ["a -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- b", "a [API key] b"]
  ])("makes of %s: %s", ([text, expected]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(textsOf(yield* secured(text)), [expected])
    }))

  it.effect("refuses, and names the kind without what it was", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(secured("4111111111111111", { detectors: { creditCard: "reject" } }))
      assert.include(error.message, "credit card")
      assert.notInclude(error.message, "4111")
    }))

  it.effect("tags, and leaves the text", () =>
    Effect.gen(function*() {
      const tagged = yield* secured("ada@example.com", { detectors: { email: "tag" } })
      assert.deepStrictEqual(tagged, {
        ...prompt("ada@example.com"),
        metadata: { security: { kinds: ["email"] } }
      })
    }))

  it.effect.each(["(?=a)a", "(?<=a)b", "(a)\\1", "(", "a*"])(
    "row 73: refuses the pattern %s",
    (pattern) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(SecurityMiddleware.make({
          patterns: [{ kind: "right", pattern: "a" }, { kind: "wrong", pattern }]
        }))
        assert.strictEqual(error.problems.length, 1)
        assert.match(error.problems[0], /^pattern 1: /)
      })
  )
})
