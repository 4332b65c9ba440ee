import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, FastCheck, Schema } from "effect"
import { mergeSessionConfigs, SessionConfig, sessionConfigProblems } from "../../src/domain/SessionConfig.js"

const decode = Schema.decodeUnknownEither(SessionConfig)
const decoded = (input: unknown) => Either.getOrThrow(decode(input))
const merged = (base: SessionConfig, over: SessionConfig) => Either.getOrThrow(mergeSessionConfigs(base, over))

const tags = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `tag-${from + index}`)
const settings = (key: string, length: number) => ({ [key]: "x".repeat(length) })

/** Often near a limit, so that merging two exceeds it. */
const config: FastCheck.Arbitrary<SessionConfig> = FastCheck.record({
  name: FastCheck.constantFrom("one", "other"),
  tags: FastCheck.tuple(FastCheck.nat(64), FastCheck.nat(64)).map(([from, count]) => tags(from, from + count)),
  autoDeleteAfter: FastCheck.nat().map(Duration.millis),
  providerConfig: FastCheck.tuple(FastCheck.constantFrom("a", "b", "c"), FastCheck.nat(60_000)).map((all) =>
    settings(...all)
  )
}, { requiredKeys: [] })

describe("SessionConfig", () => {
  it("is valid when empty", () => {
    assert.deepStrictEqual(decoded({}), {})
    assert.deepStrictEqual(sessionConfigProblems({}), [])
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
    ["infinite, which JSON cannot represent", Duration.infinity],
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

  it("accepts each limit exactly", () => {
    const atTheLimit = {
      name: "a".repeat(256),
      description: "a".repeat(4096),
      tags: Array.from({ length: 64 }, (_, index) => `${index}`.padStart(64, "x"))
    }
    assert.deepStrictEqual(decoded(atTheLimit), atTheLimit)
  })

  it.each<[typeof SessionConfig.Encoded, ReadonlyArray<string>]>([
    [{ autoArchiveAfter: 0 }, ["autoArchiveAfter must be at least 1 ms"]],
    [{ autoArchiveAfter: "1 nanos" }, ["autoArchiveAfter must be at least 1 ms"]],
    [{ autoDeleteAfter: "999 micros" }, ["autoDeleteAfter must be at least 1 ms"]],
    [{ autoArchiveAfter: 1, autoDeleteAfter: 1 }, []],
    [{ autoArchiveAfter: -5 }, ["autoArchiveAfter must be at least 1 ms"]],
    [{ autoDeleteAfter: "0 days" }, ["autoDeleteAfter must be at least 1 ms"]],
    [{ autoArchiveAfter: 0, autoDeleteAfter: 0 }, [
      "autoArchiveAfter must be at least 1 ms",
      "autoDeleteAfter must be at least 1 ms"
    ]],
    [{ autoArchiveAfter: "2 days", autoDeleteAfter: "1 day" }, [
      "autoDeleteAfter must not be shorter than autoArchiveAfter: the session would never be archived"
    ]],
    [{ autoArchiveAfter: "1 day", autoDeleteAfter: "24 hours" }, []],
    [{ autoDeleteAfter: "1 day" }, []]
  ])("for %j reports %j", (input, problems) => assert.deepStrictEqual(sessionConfigProblems(decoded(input)), problems))

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
    assert.deepStrictEqual(merged(base, over), {
      name: "over",
      maxMessages: 10,
      tags: ["a", "b", "c"],
      providerConfig: { temperature: 0, nested: { b: 2 } },
      customSettings: { a: 1 },
      autoDeleteAfter: Duration.days(1)
    })
    assert.deepStrictEqual(merged(base, {}), base)
    assert.deepStrictEqual(merged({}, over), over)
  })

  it("merges up to each limit", () => {
    const [base, over] = [decoded({ tags: tags(0, 40) }), decoded({ tags: tags(30, 64) })]
    assert.deepStrictEqual(merged(base, over).tags, tags(0, 64))
    const [left, right] = [
      decoded({ customSettings: settings("left", 30_000) }),
      decoded({ customSettings: settings("right", 30_000) })
    ]
    assert.deepStrictEqual(merged(left, right).customSettings, { left: "x".repeat(30_000), right: "x".repeat(30_000) })
  })

  it.each<[string, SessionConfig, SessionConfig, string]>([
    ["tags", { tags: tags(0, 33) }, { tags: tags(32, 65) }, "must be an array of at most 64 items"],
    [
      "providerConfig",
      { providerConfig: settings("left", 40_000) },
      { providerConfig: settings("right", 40_000) },
      "holds more than 65536 characters of text"
    ],
    [
      "customSettings",
      { customSettings: { left: Array.from({ length: 1500 }, () => 0) } },
      { customSettings: { right: Array.from({ length: 1500 }, () => 0) } },
      "holds more than 2048 values"
    ]
  ])("refuses a merge with too many or too large %s", (path, base, over, reason) => {
    assert.isTrue([base, over].every(Schema.is(SessionConfig)))
    const result = mergeSessionConfigs(base, over)
    assert(Either.isLeft(result))
    assert.deepInclude(result.left, { _tag: "InvalidRequest", path: [path], reason })
  })

  it("merges valid configurations into a valid one", () => {
    let refused = 0
    FastCheck.assert(
      FastCheck.property(config, config, (base, over) => {
        const result = mergeSessionConfigs(base, over)
        if (Either.isLeft(result)) refused += 1
        else assert.deepStrictEqual(decoded(Schema.encodeSync(SessionConfig)(result.right)), result.right)
      })
    )
    assert.isAbove(refused, 0)
  })
})
