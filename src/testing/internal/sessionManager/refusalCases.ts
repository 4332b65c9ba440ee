import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import type { InvalidRequest } from "../../../domain/error/RequestError.js"
import type { SessionError } from "../../../domain/error/SessionError.js"
import { SessionId } from "../../../domain/Ids.js"
import type { JsonRecord } from "../../../domain/Json.js"
import { type ContractCase, contractCase, failsWith, sessionCase } from "./contractCase.js"

/** As `JSON.parse` returns it: an own key, not a prototype. */
const poisoned: JsonRecord = JSON.parse("{\"a\":{\"__proto__\":{\"admin\":true}}}")

const assertInvalid = <A, E extends SessionError>(
  path: ReadonlyArray<string>,
  reason: RegExp,
  effect: Effect.Effect<A, E>
) =>
  Effect.map(failsWith("InvalidRequest", effect), (error: InvalidRequest) => {
    assert.deepEqual(error.path, path)
    assert.match(error.reason, reason)
    assert.equal(error.code, "invalid_request")
  })

/**
 * Refused input.
 */
export const refusalCases: ReadonlyArray<ContractCase> = [
  contractCase("fails with SessionNotFound for an unknown session", ({ sessions }) =>
    Effect.gen(function*() {
      const unknown = sessions.session(SessionId.make("never-started"))
      const refusals = [
        failsWith("SessionNotFound", sessions.get("never-started")),
        failsWith("SessionNotFound", unknown.info),
        failsWith("SessionNotFound", unknown.send("hello")),
        failsWith("SessionNotFound", Stream.runDrain(unknown.stream("hello"))),
        failsWith("SessionNotFound", unknown.stop()),
        failsWith("SessionNotFound", unknown.sendSystem("hello")),
        failsWith("SessionNotFound", unknown.messages()),
        failsWith("SessionNotFound", unknown.message("m")),
        failsWith("SessionNotFound", unknown.turns),
        failsWith("SessionNotFound", unknown.context),
        failsWith("SessionNotFound", unknown.updateContext({ user: {} })),
        failsWith("SessionNotFound", unknown.metrics),
        failsWith("SessionNotFound", unknown.clear),
        failsWith("SessionNotFound", unknown.archive),
        failsWith("SessionNotFound", unknown.export)
      ]
      for (const refusal of refusals) assert.equal((yield* refusal).sessionId, "never-started")
    })),

  contractCase(
    "refuses a malformed id",
    ({ sessions }) => assertInvalid(["sessionId"], /must be 1 to 64 letters/, sessions.get("../../etc/passwd"))
  ),

  sessionCase("refuses a message without content", (session) =>
    Effect.gen(function*() {
      yield* assertInvalid(["content"], /must not be empty/, session.send(""))
      yield* assertInvalid(["content"], /must not be empty/, session.send(" \n\t "))
      yield* assertInvalid(["content"], /must not be empty/, session.send({ content: [] }))
      yield* assertInvalid(["content"], /must not be empty/, Stream.runDrain(session.stream("")))
      yield* assertInvalid(["content"], /must not be empty/, session.sendSystem(""))
      assert.deepEqual((yield* session.messages()).items, [])
    })),

  sessionCase("refuses a text that is too long", (session) =>
    Effect.gen(function*() {
      yield* assertInvalid(["content"], /262144/, session.send("x".repeat(5 * 1024 * 1024)))
      assert.deepEqual((yield* session.messages()).items, [])
    })),

  sessionCase("refuses a key that would reach a prototype", (session, { start }) =>
    Effect.gen(function*() {
      yield* assertInvalid(["metadata"], /__proto__/, session.send({ content: "hi", metadata: poisoned }))
      yield* assertInvalid(["user"], /__proto__/, session.updateContext({ user: poisoned }))
      yield* assertInvalid(["config", "customSettings"], /__proto__/, start({ config: { customSettings: poisoned } }))
      assert.equal(Reflect.get({}, "admin"), undefined)
    })),

  contractCase(
    "refuses an unregistered provider and names the registered ones",
    ({ start }) =>
      Effect.gen(function*() {
        const error = yield* failsWith("ConfigurationError", start({ provider: "unknown" }))
        assert.match(error.message, /"unknown".*mock/)
      })
  ),

  contractCase(
    "refuses a configuration that contradicts itself",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const error = yield* failsWith(
          "ConfigurationError",
          start({ config: { autoArchiveAfter: "7 days", autoDeleteAfter: "1 day" } })
        )
        assert.match(error.message, /autoDeleteAfter/)
        assert.deepEqual((yield* sessions.list(userId)).items, [])
      })
  ),

  contractCase("refuses a user without a name", ({ start }) => assertInvalid(["userId"], /./, start({ userId: " " }))),

  sessionCase("refuses an invalid page limit or cursor", (session, { sessions, userId }) =>
    Effect.gen(function*() {
      yield* assertInvalid(["limit"], /1.*500/, session.messages({ limit: 0 }))
      yield* assertInvalid(["limit"], /1.*500/, sessions.list(userId, { limit: 501 }))
      yield* assertInvalid(["cursor"], /must be a cursor from an earlier page/, session.messages({ cursor: "bm9uZQ" }))
      yield* assertInvalid(
        ["cursor"],
        /must be a cursor from an earlier page/,
        sessions.list(userId, { cursor: "bm9uZQ" })
      )
      yield* assertInvalid(["cursor"], /must be a cursor from an earlier page/, sessions.search({ cursor: "%" }))
      yield* assertInvalid(["since"], /ISO 8601/, sessions.search({ since: "yesterday" }))
    }))
]
