import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, Schema } from "effect"
import { merge, SessionConfig, validate } from "../../src/domain/SessionConfig.js"

const decode = Schema.decodeUnknownEither(SessionConfig)
const decoded = (input: unknown) => Either.getOrThrow(decode(input))

describe("SessionConfig", () => {
  it("may be empty, and then nothing is wrong with it", () => {
    assert.deepStrictEqual(decoded({}), {})
    assert.deepStrictEqual(validate({}), [])
  })

  it.each<[string, unknown, number]>([
    ["words", "7 days", 604_800_000],
    ["one unit", "1 week", 604_800_000],
    ["a fraction", "1.5 seconds", 1500],
    ["milliseconds", 1500, 1500],
    ["a Duration", Duration.minutes(2), 120_000],
    ["a bigint of nanoseconds", 2_000_000n, 2],
    ["seconds with nanoseconds", [1, 500_000_000], 1500]
  ])("reads a duration given as %s", (_, input, millis) => {
    const { autoArchiveAfter } = decoded({ autoArchiveAfter: input })
    assert(autoArchiveAfter)
    assert.strictEqual(Duration.toMillis(autoArchiveAfter), millis)
  })

  it.each<[string, unknown]>([
    ["another word", "soon"],
    ["a number as text", "1000"],
    ["an ISO 8601 duration", "P7D"],
    ["not a number", NaN],
    ["null", null],
    ["an object", {}],
    ["for ever, which JSON cannot say", Duration.infinity],
    ["an infinite number", Infinity]
  ])("refuses a duration given as %s", (_, input) => assert.isTrue(Either.isLeft(decode({ autoDeleteAfter: input }))))

  it("survives JSON", () => {
    const config = decoded({
      name: "Support",
      tags: ["a", "b"],
      maxMessages: 10,
      autoArchiveAfter: "1 day",
      autoDeleteAfter: 1.5,
      providerConfig: { temperature: 0.5 }
    })
    assert.deepStrictEqual(decoded(JSON.parse(JSON.stringify(Schema.encodeSync(SessionConfig)(config)))), config)
  })

  it.each<[string, unknown]>([
    ["a limit of 0", { maxMessages: 0 }],
    ["a limit below 0", { maxTokensPerMessage: -1 }],
    ["half a minute", { sessionTimeoutMinutes: 0.5 }],
    ["a limit as text", { maxMessages: "10" }],
    ["a name of 257 characters", { name: "a".repeat(257) }],
    ["a description of 4,097 characters", { description: "a".repeat(4097) }],
    ["an empty tag", { tags: [""] }],
    ["a tag with blank space around it", { tags: [" a"] }],
    ["a tag of 65 characters", { tags: ["a".repeat(65)] }],
    ["65 tags", { tags: Array.from({ length: 65 }, (_, index) => `tag-${index}`) }],
    ["settings that reach a prototype", { providerConfig: JSON.parse("{\"__proto__\":{}}") }],
    ["an explicit undefined", { name: undefined }]
  ])("refuses %s", (_, input) => assert.isTrue(Either.isLeft(decode(input))))

  it("takes each limit exactly", () => {
    const atTheLimit = {
      name: "a".repeat(256),
      description: "a".repeat(4096),
      tags: Array.from({ length: 64 }, (_, index) => `${index}`.padStart(64, "x"))
    }
    assert.deepStrictEqual(decoded(atTheLimit), atTheLimit)
  })

  it.each<[typeof SessionConfig.Encoded, ReadonlyArray<string>]>([
    [{ autoArchiveAfter: 0 }, ["autoArchiveAfter must be longer than 0"]],
    [{ autoArchiveAfter: -5 }, ["autoArchiveAfter must be longer than 0"]],
    [{ autoDeleteAfter: "0 days" }, ["autoDeleteAfter must be longer than 0"]],
    [{ autoArchiveAfter: 0, autoDeleteAfter: 0 }, [
      "autoArchiveAfter must be longer than 0",
      "autoDeleteAfter must be longer than 0"
    ]],
    [{ autoArchiveAfter: "2 days", autoDeleteAfter: "1 day" }, [
      "autoDeleteAfter must not be shorter than autoArchiveAfter: the session would never be archived"
    ]],
    [{ autoArchiveAfter: "1 day", autoDeleteAfter: "24 hours" }, []],
    [{ autoDeleteAfter: "1 day" }, []]
  ])("of %j says %j", (input, problems) => assert.deepStrictEqual(validate(decoded(input)), problems))

  it("merges: fields win, tags unite, settings merge key by key", () => {
    const base = decoded({
      name: "base",
      maxMessages: 10,
      tags: ["a", "b"],
      providerConfig: { temperature: 1, nested: { a: 1 } },
      customSettings: { a: 1 }
    })
    const over = decoded({
      name: "over",
      tags: ["b", "c"],
      providerConfig: { temperature: 0, nested: { b: 2 } },
      autoDeleteAfter: "1 day"
    })
    assert.deepStrictEqual(merge(base, over), {
      name: "over",
      maxMessages: 10,
      tags: ["a", "b", "c"],
      providerConfig: { temperature: 0, nested: { b: 2 } },
      customSettings: { a: 1 },
      autoDeleteAfter: Duration.days(1)
    })
    assert.deepStrictEqual(merge(base, {}), base)
    assert.deepStrictEqual(merge({}, over), over)
  })
})
