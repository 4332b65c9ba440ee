import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { call, errorOf, layer as server, messagesOf, startOver, transports } from "./hostileInput.js"

/** What has broken the queries of others: quotes, comments, operators, paths, and what an ORM would take apart. */
const corpus: ReadonlyArray<string> = [
  "' OR '1'='1",
  "\" OR \"1\"=\"1",
  "'; DROP TABLE sessions; --",
  "') UNION SELECT id, metrics FROM sessions --",
  "a') OR json_extract(config, '$.name') = ('b",
  "$.a') = 1 OR ('1' = '1",
  "config->>'$.name'",
  "%",
  "_",
  "\\",
  "*",
  "@id",
  "randomblob(1e9)",
  "created_at DESC; --"
]

const operators: ReadonlyArray<unknown> = [
  { $gt: "" },
  { $ne: null },
  { $regex: ".*" },
  { $where: "1" },
  { toString: "x" },
  ["x"],
  [{ $gt: "" }],
  true,
  0,
  null
]

const refusals = new Set(["InvalidRequest", "SessionNotFound", "TurnNotFound"])

const numberOfItems = (value: unknown): number => Object(value)["items"].length

describe("input that attacks a query", () => {
  layer(server)((it) => {
    for (const transport of transports) {
      it.effect(`row 69: takes SQL in a filter for a value, and changes no query, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url, { config: { name: "safe", tags: ["safe"] } })
          yield* call(transport, url, "Send", { sessionId, message: { content: "safe" } })
          const before = yield* Effect.flatMap(SessionStore, (store) => store.health)
          for (const text of corpus) {
            const lists: ReadonlyArray<readonly [tag: string, payload: unknown]> = [
              ["List", { userId: text }],
              ["List", { provider: text }],
              ["List", { status: text }],
              ["List", { tags: [text] }],
              ["List", { tags: ["safe", text] }],
              ["List", { userId: "ada", tags: [text], cursor: text }],
              ["List", { since: text }],
              ["SearchMessages", { text: `safe ${text}`, userId: text }],
              ["SearchMessages", { text: "safe", sessionId: text }],
              ["Messages", { sessionId, query: { role: text } }],
              ["Messages", { sessionId, query: { order: text } }],
              ["Messages", { sessionId, query: { cursor: text } }],
              ["Messages", { sessionId: text, query: {} }],
              ["Turn", { sessionId, turnId: text }],
              ["DeadLetters", { hook: text }],
              ["Analytics", { userId: text, groupBy: "user" }],
              ["Analytics", { groupBy: text }]
            ]
            for (const [tag, payload] of lists) {
              const frame = yield* call(transport, url, tag, payload)
              const value = frame?.exit?.value
              const isEmpty = frame?.exit?._tag === "Success" &&
                (tag === "Analytics" ? Object(value)["total"].sessions === 0 : numberOfItems(value) === 0)
              assert.isTrue(
                isEmpty || refusals.has(String(errorOf(frame)?.["_tag"])),
                `${tag} ${JSON.stringify(payload)}`
              )
            }
            // As data, it is found as it is.
            const userId = `${transport} ${text}`
            const made = yield* startOver(transport, url, { userId, config: { tags: [userId] } })
            const found = yield* call(transport, url, "List", { userId, tags: [userId] })
            assert.strictEqual(numberOfItems(found?.exit?.value), 1, text)
            yield* call(transport, url, "Delete", { sessionId: made })
          }
          assert.lengthOf(yield* messagesOf(transport, url, sessionId), 2)
          assert.strictEqual((yield* Effect.flatMap(SessionStore, (store) => store.health)).sessions, before.sessions)
        }))

      it.effect(`row 70: refuses operators where an id or a name belongs, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url)
          yield* call(transport, url, "Send", { sessionId, message: { content: "safe", key: "key" } })
          const create = { userId: "ada", provider: "mock", model: "mock-model" }
          for (const operator of operators) {
            const calls: ReadonlyArray<readonly [tag: string, payload: unknown]> = [
              ["Info", { sessionId: operator }],
              ["Send", { sessionId: operator, message: { content: "x" } }],
              ["Send", { sessionId, message: { content: "x", key: operator } }],
              ["Turn", { sessionId, turnId: operator }],
              ["Stop", { sessionId, stop: { turnId: operator } }],
              ["Message", { sessionId, messageId: operator }],
              ["Rewind", { sessionId, rewind: { to: operator } }],
              ["Fork", { sessionId, fork: { at: operator } }],
              ["Create", { ...create, userId: operator }],
              ["Create", { ...create, provider: operator }],
              ["List", { userId: operator }],
              ["List", { tags: [operator] }],
              ["Messages", { sessionId, query: { cursor: operator } }],
              ["SearchMessages", { text: "safe", userId: operator }],
              ["DeadLetters", { hook: operator }],
              ["EraseUser", { userId: operator }],
              ["Delete", { sessionId: operator }]
            ]
            for (const [tag, payload] of calls) {
              const frame = yield* call(transport, url, tag, payload)
              assert.strictEqual(errorOf(frame)?.["_tag"], "InvalidRequest", `${tag} ${JSON.stringify(payload)}`)
            }
          }
          assert.lengthOf(yield* messagesOf(transport, url, sessionId), 2)
        }))

      it.effect(`row 71: bounds the text of a search, and takes its operators for words, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url)
          yield* call(transport, url, "Send", { sessionId, message: { content: "percent near" } })
          const search = (text: string) => call(transport, url, "SearchMessages", { text, sessionId })

          for (
            const text of [
              "%a".repeat(50_000),
              "a ".repeat(129),
              "\"".repeat(257),
              "a*".repeat(200),
              "*",
              "\"\"",
              "a* b*"
            ]
          ) {
            const frame = yield* search(text)
            assert.strictEqual(errorOf(frame)?.["_tag"], "InvalidRequest", text.slice(0, 20))
            assert.deepStrictEqual(errorOf(frame)?.["path"], ["text"])
          }
          const found: ReadonlyArray<readonly [text: string, hits: number]> = [
            ["percent", 2],
            ["percent \"", 2],
            ["\"percent near", 2],
            ["percent ^ ( ) : -", 2],
            ["NEAR", 2],
            ["NEAR(percent near)", 0],
            ["near NEAR near", 2],
            ["percent NOT near", 0],
            ["percent OR nothing", 0],
            ["parts:percent", 0],
            ["%percent%", 2],
            ["per%", 0],
            ["%a".repeat(128), 0],
            [`${"a ".repeat(127)}a`, 0]
          ]
          for (const [text, hits] of found) {
            const frame = yield* search(text)
            assert.strictEqual(frame?.exit?._tag, "Success", text)
            assert.strictEqual(numberOfItems(frame?.exit?.value), hits, text)
          }
        }))
    }
  })
})
