import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import { DateTime, Either, FastCheck, Option, Schema } from "effect"
import { SessionId } from "../../src/domain/Ids.js"
import { type JsonObject, JsonRecord, type JsonValue } from "../../src/domain/Json.js"
import {
  type ContextPatch,
  getContextValue,
  makeSessionContext,
  mergeContexts,
  type SessionContext,
  setContextValue,
  updateContext
} from "../../src/domain/SessionContext.js"
import { jsonObject, jsonValue } from "./jsonObject.js"

const created = DateTime.unsafeMake(0)
const later = DateTime.unsafeMake(1000)
const sessionId = SessionId.make("session")
const withUser = (user: JsonObject): SessionContext => ({ ...makeSessionContext(sessionId, created), user })

const read = (context: SessionContext, path: string) => Either.getOrThrow(getContextValue(context, path))
const write = (context: SessionContext, path: string, value: JsonValue) =>
  Either.getOrThrow(setContextValue(context, path, value, later))

const patched = (context: SessionContext, patch: ContextPatch) =>
  Either.getOrThrow(updateContext(context, patch, later))

describe("SessionContext", () => {
  describe("initial", () => {
    it("is version 1 with four empty scopes", () => {
      assert.deepStrictEqual(makeSessionContext(sessionId, created), {
        sessionId,
        user: {},
        conversation: {},
        provider: {},
        system: {},
        version: 1,
        updatedAt: created
      })
    })

    it("equals the patch applied to an empty context", () => {
      const patch = { user: { name: "Ada", gone: null }, system: { a: { b: null } } }
      const context = makeSessionContext(sessionId, created, patch)
      assert.deepStrictEqual(context.user, { name: "Ada" })
      assert.deepStrictEqual(context.system, { a: {} })
    })
  })

  describe("get", () => {
    const context = withUser({ profile: { level: 3, none: null, list: [1] }, name: "Ada" })

    it("reads a value, an object and a whole scope", () => {
      assertSome(read(context, "user.profile.level"), 3)
      assertSome(read(context, "user.profile.list"), [1])
      assertSome(read(context, "user"), context.user)
    })

    it.each([
      ["a missing key", "user.profile.title"],
      ["a key below a value that is not an object", "user.name.first"],
      ["a key below a missing key", "user.a.b.c"],
      ["null", "user.profile.none"],
      ["an inherited property", "user.toString"],
      ["a property of an array", "user.profile.list.length"],
      ["a property of a string", "user.name.length"]
    ])("finds nothing for %s", (_, path) => assertNone(read(context, path)))

    it.each([
      ["a scope that does not exist", "tenant.name"],
      ["an empty path", ""],
      ["a prototype", "user.__proto__.admin"],
      ["a field of the context itself", "version"]
    ])("refuses %s", (_, path) => assert.isTrue(Either.isLeft(getContextValue(context, path))))
  })

  describe("set", () => {
    it("makes the written value readable, whatever was there before", () => {
      FastCheck.assert(
        FastCheck.property(
          jsonObject,
          jsonValue.filter((value) => value !== null),
          FastCheck.array(FastCheck.constantFrom("a", "b", "toString"), { minLength: 1, maxLength: 4 }),
          (user, value, keys) => {
            const path = `user.${keys.join(".")}`
            assert.deepStrictEqual(Option.getOrThrow(read(write(withUser(user), path, value), path)), value)
          }
        )
      )
    })

    it("leaves other values and the input unchanged and makes a new version", () => {
      const before = withUser({ profile: { level: 1, name: "Ada" }, other: true })
      const after = write(before, "user.profile.level", 2)
      assert.deepStrictEqual(after.user, { profile: { level: 2, name: "Ada" }, other: true })
      assert.deepStrictEqual(before, withUser({ profile: { level: 1, name: "Ada" }, other: true }))
      assert.deepInclude(after, { version: 2, updatedAt: later, sessionId, system: {} })
    })

    it("replaces an object instead of merging it", () => {
      const after = write(withUser({ profile: { level: 1, name: "Ada" } }), "user.profile", { level: 2 })
      assert.deepStrictEqual(after.user, { profile: { level: 2 } })
    })

    it("replaces a value on the path by an object", () => {
      assert.deepStrictEqual(write(withUser({ a: [1] }), "user.a.b", 1).user, { a: { b: 1 } })
    })

    it("removes a key with null", () => {
      assert.deepStrictEqual(write(withUser({ a: 1, b: 2 }), "user.a", null).user, { b: 2 })
      assert.deepStrictEqual(write(withUser({ b: 2 }), "user.a", null).user, { b: 2 })
    })

    it.each<[string, string, JsonValue]>([
      ["a scope as a whole", "user", { a: 1 }],
      ["an unknown scope", "tenant.a", 1],
      ["a prototype", "user.__proto__.admin", true],
      ["a number that JSON cannot represent", "user.a", NaN],
      ["a reserved key in the value", "user.a", JSON.parse("{\"__proto__\":1}")]
    ])("refuses %s", (_, path, value) => {
      assert.isTrue(Either.isLeft(setContextValue(withUser({}), path, value, later)))
    })

    it("never lets a scope exceed the limits of JsonRecord", () => {
      const full = withUser({ a: "x".repeat(40_000) })
      const result = setContextValue(full, "user.b", "x".repeat(40_000), later)
      assert(Either.isLeft(result))
      assert.isTrue(Schema.is(JsonRecord)(full.user))
    })
  })

  // RFC 7396, appendix A. Documents that are not objects are nested one level deeper here.
  describe("update is a JSON Merge Patch", () => {
    it.each<[JsonValue, JsonValue, JsonValue]>([
      [{ a: "b" }, { a: "c" }, { a: "c" }],
      [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
      [{ a: "b" }, { a: null }, {}],
      [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
      [{ a: ["b"] }, { a: "c" }, { a: "c" }],
      [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
      [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
      [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
      [["a", "b"], ["c", "d"], ["c", "d"]],
      [{ a: "b" }, ["c"], ["c"]],
      [{ a: "foo" }, "bar", "bar"],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [[1, 2], { a: "b", c: null }, { a: "b" }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }]
    ])("%j with %j is %j", (document, patch, expected) => {
      const after = patched(withUser({ document }), { user: { document: patch } })
      assert.deepStrictEqual(after.user, { document: expected })
    })

    it("removes a document with null", () => {
      assert.deepStrictEqual(patched(withUser({ document: { a: "foo" } }), { user: { document: null } }).user, {})
    })
  })

  it("counts versions up and changes the named scopes only", () => {
    const first = makeSessionContext(sessionId, created, { user: { a: 1 }, provider: { b: 1 } })
    const second = patched(first, { user: { a: 2 } })
    const third = patched(second, {})
    assert.deepStrictEqual([first.version, second.version, third.version], [1, 2, 3])
    assert.deepStrictEqual(third, { ...first, user: { a: 2 }, version: 3, updatedAt: later })
  })

  it("refuses a valid patch that makes the scope too large", () => {
    const half = "x".repeat(40_000)
    const full = patched(makeSessionContext(sessionId, created), { user: { first: half } })
    const refused = Either.getOrThrow(Either.flip(updateContext(full, { user: { second: half } }, later)))
    assert.deepStrictEqual(refused.path, ["user"])
    assert.notInclude(refused.message, "xxx")
    assert.isTrue(Either.isRight(updateContext(full, { conversation: { second: half } }, later)))
  })

  it("merges another session's scopes and keeps its own identity and version", () => {
    const mine = patched(makeSessionContext(sessionId, created, { user: { a: 1, b: { c: 1 } } }), {})
    const other = makeSessionContext(SessionId.make("other"), created, { user: { b: { d: 2 } }, system: { e: 3 } })
    assert.deepStrictEqual(Either.getOrThrow(mergeContexts(mine, other, later)), {
      sessionId,
      user: { a: 1, b: { c: 1, d: 2 } },
      conversation: {},
      provider: {},
      system: { e: 3 },
      version: 3,
      updatedAt: later
    })
  })
})
