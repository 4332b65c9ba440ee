import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer } from "effect"
import type { InputPart, Part } from "../../src/domain/Message.js"
import { detectors } from "../../src/layers/middleware/internal/detectors.js"
import * as SecurityMiddleware from "../../src/layers/middleware/SecurityMiddleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { sessionId } from "../domain/conversation.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { context, pipeline, prompt, reply, textsOf } from "./pipeline.js"

const secured = (text: string, options?: SecurityMiddleware.SecurityMiddlewareOptions) =>
  Effect.flatMap(
    SecurityMiddleware.make(options),
    (security) => pipeline(({ admission }) => admission(prompt(text), context), security)
  )

const onlyCards: SecurityMiddleware.SecurityMiddlewareOptions = {
  detectors: { ssn: false, email: false, phone: false, apiKey: false }
}

/** Adds the check digit of ISO/IEC 7812-1: every second digit from the right is doubled, and its digits are added. */
const luhnValid = (digits: string): string => {
  const doubled = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
  const sum = [...digits].toReversed().reduce(
    (sum, digit, index) => sum + (index % 2 === 0 ? doubled[Number(digit)] ?? 0 : Number(digit)),
    0
  )
  return `${digits}${(10 - (sum % 10)) % 10}`
}

const isInput = (part: Part): part is InputPart => part._tag !== "Opaque"

/** Runs both stages with the same text. */
const bothStages = (text: string, options: SecurityMiddleware.SecurityMiddlewareOptions) =>
  Effect.flatMap(
    SecurityMiddleware.make(options),
    (security) =>
      pipeline(
        (stages) =>
          Effect.all([
            Effect.either(stages.admission(prompt(text), context)),
            Effect.either(stages.reply(reply(text), context))
          ]),
        security
      )
  )

describe("SecurityMiddleware", () => {
  it.effect.each<[string, string]>([
    ["my card is 4111 1111 1111 1111.", "my card is [credit card]."],
    ["４１１１-1111-1111-1111", "[credit card]"],
    ["٤١١١111111111111", "[credit card]"],
    ["4111\u200B111111111111", "[credit card]"],
    ["4111 1111 1111 1112", "4111 1111 1111 1112"],
    ["4111 1111 1111 1111 12/27 123", "[credit card] 12/27 123"],
    ["17 4111111111111111 123", "17 [credit card] 123"],
    ["1234 4111-1111-1111-1111, 3782 822463 10005 927", "1234 [credit card], [credit card] 927"],
    ["941111111111111111111111", "941111111111111111111111"],
    ["ssn 123-45-6789, not 000-12-3456", "ssn [social security number], not 000-12-3456"],
    ["write to ada@example.com!", "write to [email address]!"],
    ["call +44 20 7946 0958 or (212) 555-0123", "call [phone number] or [phone number]"],
    ["in 2024-05-06, version 1.2.3, order 12345678", "in 2024-05-06, version 1.2.3, order 12345678"],
    [`key sk-ant-${"a1".repeat(20)}`, "key [API key]"],
    [`ghp_${"a1".repeat(18)} AKIA${"A1".repeat(8)}`, "[API key] [API key]"],
    ["a -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- b", "a [API key] b"],
    ["a -----BEGIN PRIVATE KEY-----\nabc\nthe rest was cut off", "a [API key]"],
    [
      `xoxb-${"1".repeat(12)}, AIza${"a1-_".repeat(8)}abc, github_pat_${"a_".repeat(11)}`,
      "[API key], [API key], [API key]"
    ],
    [`jwt-eyJ${"a-".repeat(5)}.eyJ${"b_".repeat(4)}.${"c".repeat(10)}!`, "jwt-[API key]!"],
    [`eyJaaaa.eyJ${"a".repeat(10)}.eyJ${"b".repeat(4)}.${"c".repeat(10)} eyJ.eyJ`, "eyJaaaa.[API key] eyJ.eyJ"]
  ])("turns %s into: %s", ([text, expected]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(textsOf(yield* secured(text)), [expected])
    }))

  it.effect.each<[string, string]>([
    ["full-width letters", "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ"],
    ["mathematical letters", "𝐚𝐝𝐚@example.com"],
    ["mathematical digits", "𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏"],
    ["digits of another script", "+٤٤ २० ৭৯৪৬ ๐๙๕๘"],
    ["a digit with a full stop in one character", "4242 4242 4242 42\u{1F105}"],
    ["no-break spaces", "123\u00A045\u00A06789"],
    ["zero-width spaces", "a\u200Bda@exam\u2060ple.com"],
    ["soft hyphens", "4111\u00AD1111\u00AD1111\u00AD1111"],
    ["joiners and variation selectors", `gh\u034Fp_\uFE0F${"a1".repeat(18)}`]
  ])("detects text with %s, and replaces all of it", ([, text]) =>
    Effect.gen(function*() {
      const [redacted = ""] = textsOf(yield* secured(`<${text}>`))
      assert.match(redacted, /^<\[[\w ]+\]>$/)
    }))

  it.effect.each<[string, string]>([
    ["12 digits", luhnValid("41111111111")],
    ["20 digits", luhnValid("4111111111111111111")],
    ["only zeros", "0".repeat(16)],
    ["16 digits of 17", `${luhnValid("411111111111111")}0`],
    ["16 digits with letters between", "4111x1111x1111x1111"],
    ["16 digits with two spaces between", "4111  1111  1111  1111"]
  ])("does not take %s for a credit card", ([, text]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* secured(text, onlyCards), prompt(text))
    }))

  it.effect("takes 13 to 19 digits for a credit card only with the valid check digit", () =>
    Effect.gen(function*() {
      for (let length = 13; length <= 19; length++) {
        const digits = "4024007103939509862".slice(0, length - 1)
        const numbers = Array.from({ length: 10 }, (_, check) => `${digits}${check}`)
        const found = yield* Effect.filter(
          numbers,
          (number) => Effect.map(secured(number, onlyCards), (answer) => textsOf(answer)[0] === "[credit card]")
        )
        assert.deepStrictEqual(found, [luhnValid(digits)])
      }
    }))

  it.effect.each<[string, Part, Part]>([
    [
      "a tool call's arguments, but not their names",
      {
        _tag: "ToolCall",
        id: "1",
        name: "pay",
        arguments: { "ada@example.com": { deep: [["4111111111111111", 7], null, true] }, to: "ada@example.com" }
      },
      {
        _tag: "ToolCall",
        id: "1",
        name: "pay",
        arguments: { "ada@example.com": { deep: [["[credit card]", 7], null, true] }, to: "[email address]" }
      }
    ],
    [
      "a tool result",
      { _tag: "ToolResult", id: "1", result: "paid with 4111111111111111", isError: true },
      { _tag: "ToolResult", id: "1", result: "paid with [credit card]", isError: true }
    ],
    [
      "a file name",
      { _tag: "File", name: "of ada@example.com", mediaType: "text/plain", source: { _tag: "Inline", base64: "AAAA" } },
      { _tag: "File", name: "of [email address]", mediaType: "text/plain", source: { _tag: "Inline", base64: "AAAA" } }
    ],
    [
      "the text of an opaque part, but not its data",
      { _tag: "Opaque", provider: "mock", kind: "thinking", data: "\"ada@example.com\"", text: "ada@example.com" },
      { _tag: "Opaque", provider: "mock", kind: "thinking", data: "\"ada@example.com\"", text: "[email address]" }
    ]
  ])("redacts %s", ([, part, expected]) =>
    Effect.gen(function*() {
      const security = yield* SecurityMiddleware.make({ stages: ["admission", "reply"] })
      yield* pipeline((stages) =>
        Effect.gen(function*() {
          const replied = yield* stages.reply({ ...reply("."), parts: [part] }, context)
          assert.deepStrictEqual(replied.parts, [expected])
          if (!isInput(part)) return
          const admitted = yield* stages.admission({ parts: [part], metadata: {} }, context)
          assert.deepStrictEqual<ReadonlyArray<Part>>(admitted.parts, [expected])
        }), security)
    }))

  it.effect.each<[string, string, string, SecurityMiddleware.SecurityAction, string]>([
    ["starts before another", "to ada@example.com", "to ada", "redact", "[mine]"],
    ["starts inside another", "ada@example.com now", "com now", "redact", "[email address]"],
    ["is inside another", "ada@example.com", "example", "redact", "[email address]"],
    ["contains another", "<ada@example.com>", "<.*>", "redact", "[mine]"],
    ["touches another", "ada@example.com!", "!", "redact", "[email address][mine]"],
    ["is only tagged", "to ada@example.com", "to ada", "tag", "to [email address]"]
  ])("replaces all of a match that %s", ([, text, pattern, action, expected]) =>
    Effect.gen(function*() {
      const answer = yield* secured(text, { patterns: [{ kind: "mine", pattern, action }] })
      assert.deepStrictEqual(textsOf(answer), [expected])
      assert.deepStrictEqual(answer.metadata, { security: { kinds: ["email", "mine"] } })
    }))

  it.effect("applies the action of each kind, and overrides metadata of the sender", () =>
    Effect.gen(function*() {
      const text = "ada@example.com 4111111111111111 123-45-6789 N-17 n-17"
      const security = yield* SecurityMiddleware.make({
        detectors: { creditCard: "tag", ssn: false },
        patterns: [{ kind: "customer number", pattern: "N-\\d+" }],
        placeholder: (kind) => `<${kind}>`
      })
      const sent = { ...prompt(text), metadata: { security: { kinds: [] }, mine: 1 } }
      assert.deepStrictEqual(yield* pipeline(({ admission }) => admission(sent, context), security), {
        ...prompt("<email address> 4111111111111111 123-45-6789 <customer number> n-17"),
        metadata: { security: { kinds: ["creditCard", "customer number", "email"] }, mine: 1 }
      })
    }))

  it.effect("matches custom patterns against the original text", () =>
    Effect.gen(function*() {
      const answer = yield* secured("N-17 Ｎ-17 N\u200B-17", { patterns: [{ kind: "mine", pattern: "N-17" }] })
      assert.deepStrictEqual(textsOf(answer), ["[mine] Ｎ-17 N\u200B-17"])
    }))

  it.effect.each<[string, ReadonlyArray<"admission" | "reply">]>([
    ["prompts by default", ["admission"]],
    ["replies", ["reply"]],
    ["both", ["admission", "reply"]],
    ["neither", []]
  ])("filters %s", ([, stages]) =>
    Effect.gen(function*() {
      const isDefault = stages.length === 1 && stages[0] === "admission"
      const where = isDefault ? {} : { stages }
      const [asked, answered] = yield* bothStages("ada@example.com", where)
      const textsAfter = [asked, answered].map((one) => (Either.isRight(one) ? textsOf(one.right)[0] : one.left))
      const expected = (stage: "admission" | "reply") => stages.includes(stage) ? "[email address]" : "ada@example.com"
      assert.deepStrictEqual(textsAfter, [expected("admission"), expected("reply")])
    }))

  it.effect("refuses or tags a reply like a prompt", () =>
    Effect.gen(function*() {
      const options = { stages: ["admission", "reply"] } as const
      const refused = yield* bothStages("hello ada@example.com", { ...options, detectors: { email: "reject" } })
      const errors = refused.flatMap((one) => (Either.isLeft(one) ? [one.left] : []))
      assert.deepStrictEqual(
        errors.map(({ middleware, reason, stage }) => [middleware, stage, reason]),
        options.stages.map((stage) => ["security", stage, "the message contains what looks like: email address"])
      )
      assert.notInclude(JSON.stringify(errors), "ada@")
      const [asked, answered] = yield* bothStages("ada@example.com", { ...options, detectors: { email: "tag" } })
      const metadata = { security: { kinds: ["email"] } }
      assert.deepStrictEqual(yield* asked, { ...prompt("ada@example.com"), metadata })
      assert.deepStrictEqual(yield* answered, { ...reply("ada@example.com"), metadata })
    }))

  it.effect("logs the kinds and the session, but no matched text", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        yield* secured("canary@example.com 4111111111111111", { patterns: [{ kind: "mine", pattern: "canary" }] })
        yield* secured("nothing")
        assert.deepStrictEqual(lines.map(({ annotations, message }) => [message, annotations]), [
          ["Sensitive content found", { sessionId, kinds: ["creditCard", "email", "mine"] }]
        ])
      })
    ))

  it("searches a text with a token start everywhere in linear time", () => {
    // Reading on from each "eyJ" would take minutes.
    const text = "-eyJ".repeat(2 ** 22)
    assert.deepStrictEqual(detectors.apiKey.find(`${text}.${text}`), [])
  })

  it.effect("has a layer that fails on a second one, and on an invalid pattern", () =>
    Effect.gen(function*() {
      const listed = Effect.flatMap(MiddlewarePipeline, ({ list }) => list)
      const within = (layer: ReturnType<typeof SecurityMiddleware.layer>) =>
        Effect.provide(listed, Layer.provideMerge(layer, MiddlewarePipeline.layer()))
      assert.deepStrictEqual(yield* within(SecurityMiddleware.layer()), ["security"])
      const twice = Layer.merge(SecurityMiddleware.layer(), SecurityMiddleware.layer({ detectors: {} }))
      assert.include((yield* Effect.flip(within(twice))).message, "two middleware are named \"security\"")
      const wrong = SecurityMiddleware.layer({ patterns: [{ kind: "wrong", pattern: "(" }] })
      assert.match((yield* Effect.flip(within(wrong))).problems[0], /^pattern 0: /)
    }))

  it.effect("refuses with the kind but not the matched text", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(secured("4111111111111111", { detectors: { creditCard: "reject" } }))
      assert.include(error.message, "credit card")
      assert.notInclude(error.message, "4111")
    }))

  it.effect("tags without changing the text", () =>
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
