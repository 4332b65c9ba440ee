import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import { parseDotPath } from "../../src/domain/SessionContext.js"

const reserved = ["__proto__", "constructor", "prototype"]
const segment = FastCheck.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).filter((name) => !reserved.includes(name))

describe("DotPath", () => {
  it("splits 1 to 16 names", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(segment, { minLength: 1, maxLength: 16 }), (names) => {
        assert.deepStrictEqual(Either.getOrThrow(parseDotPath(names.join("."))), names)
      })
    )
  })

  it("splits any text into safe names or refuses it without repeating it", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(
          FastCheck.string(),
          FastCheck.array(FastCheck.oneof(segment, FastCheck.constantFrom("", ...reserved, "a b", "$gt"))).map((all) =>
            all.join(".")
          )
        ),
        (path) => {
          const result = parseDotPath(path)
          if (Either.isLeft(result)) {
            assert.deepStrictEqual(result.left.path, ["path"])
            return
          }
          assert.isAtMost(result.right.length, 16)
          assert.strictEqual(result.right.join("."), path)
          for (const name of result.right) {
            assert.match(name, /^[A-Za-z0-9_-]{1,64}$/)
            assert.notInclude(reserved, name)
          }
        }
      )
    )
  })

  it.each([
    ["nothing", "", "must be names"],
    ["an empty name", "a..b", "must be names"],
    ["a dot at the start", ".a", "must be names"],
    ["a dot at the end", "a.", "must be names"],
    ["a bracket", "a[0]", "must be names"],
    ["an operator", "a.$where", "must be names"],
    ["a line feed at the end", "a\n", "must be names"],
    ["a name that is too long", `a.${"b".repeat(65)}`, "must be names"],
    ["a prototype", "a.__proto__.x", "must not name"],
    ["a constructor", "constructor", "must not name"],
    ["17 names", Array.from({ length: 17 }, () => "a").join("."), "has more than 16"],
    ["10,000 names", Array.from({ length: 10_000 }, () => "a").join("."), "has more than 16"]
  ])("refuses %s", (_, path, reason) => {
    const result = parseDotPath(path)
    assert(Either.isLeft(result))
    assert.include(result.left.reason, reason)
  })
})
