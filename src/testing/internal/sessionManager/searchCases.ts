import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { type ContractCase, contractCase, failsWith } from "./contractCase.js"

/** Optional capabilities may fail with `NotSupported`. */
const ifSupported = <A, E extends { readonly _tag: string }>(
  capability: string,
  call: Effect.Effect<A, E>,
  check: (answer: A) => void
) =>
  Effect.matchEffect(call, {
    onSuccess: (answer) => Effect.sync(() => check(answer)),
    onFailure: (error) =>
      error._tag === "NotSupported" && "capability" in error && error.capability === capability
        ? Effect.void
        : Effect.fail(error)
  })

/**
 * Full-text search and maintenance, where the store supports them.
 */
export const searchCases: ReadonlyArray<ContractCase> = [
  contractCase(
    "finds messages page by page in the sessions of a user",
    ({ sessions, start, userId }) =>
      Effect.gen(function*() {
        const session = yield* start({ config: { name: "Of whales" } })
        yield* session.send("tell me about the white whale")
        yield* ifSupported(
          "search",
          sessions.searchMessages({ text: "\"white whale\"", userId, limit: 1 }),
          ({ items: [hit], next }) => {
            assert.equal(hit?._tag, "Message")
            assert.equal(hit?.sessionId, session.id)
            assert.equal(hit?.sessionName, "Of whales")
            assert.deepEqual(hit?.snippet.filter(({ match }) => match).map(({ text }) => text), ["white whale"])
            assert.notEqual(next, undefined)
          }
        )
        yield* ifSupported(
          "search",
          sessions.searchMessages({ text: "whales", sessionId: session.id }),
          ({ items }) => assert.deepEqual(items.map(({ _tag }) => _tag), ["Name"])
        )
        yield* ifSupported(
          "search",
          sessions.searchMessages({ text: "white", sessionId: session.id, since: "2999-01-01T00:00:00Z" }),
          ({ items }) => assert.deepEqual(items, [])
        )
      })
  ),

  contractCase(
    "refuses a query without words or with too many characters",
    ({ sessions, userId }) =>
      Effect.gen(function*() {
        for (const text of ["", "?!", "ab*", "x".repeat(257)]) {
          const { path } = yield* failsWith("InvalidRequest", sessions.searchMessages({ text, userId }))
          assert.deepEqual(path, ["text"])
        }
        yield* ifSupported(
          "search",
          sessions.searchMessages({ text: "x".repeat(256), userId }),
          ({ items }) => assert.deepEqual(items, [])
        )
      })
  ),

  contractCase(
    "reports the store's contents and the effect of optimizing it",
    ({ sessions, start }) =>
      Effect.gen(function*() {
        yield* start()
        yield* ifSupported("stats", sessions.stats, ({ bytes, name, sessions }) => {
          assert.notEqual(name, "")
          assert.ok(sessions > 0)
          assert.ok(bytes > 0)
        })
        yield* ifSupported("optimize", sessions.optimize, ({ bytesAfter }) => assert.ok(bytesAfter > 0))
      })
  ),

  contractCase(
    "row 72: accepts a name for a backup and refuses a path",
    ({ sessions, userId }) =>
      Effect.gen(function*() {
        for (
          const path of [
            "",
            ".",
            "..",
            "../x",
            "/tmp/x",
            "a/b",
            "a\\b",
            "C:x",
            "x.db",
            "x\0",
            "-x",
            "CON ",
            "é",
            "x".repeat(65)
          ]
        ) yield* failsWith("InvalidRequest", sessions.backup(path))
        const name = `contract-${userId}`.slice(0, 64)
        yield* ifSupported("backup", sessions.backup(name), (made) => assert.equal(made.name, name))
      })
  )
]
