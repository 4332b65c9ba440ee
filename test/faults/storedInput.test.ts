import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { request } from "../rpc/wire.js"
import { ask, call, errorOf, layer as server, logged, messagesOf, startOver, transports } from "./hostileInput.js"

/** A call with a payload whose `"$"` is replaced by this JSON. */
const callWith = (tag: string, payload: unknown, json: string) =>
  request("7", tag, payload).replace("\"$\"", () => json)

const create = { userId: "ada", provider: "mock", model: "mock-model" }

const reserved = ["__proto__", "constructor", "prototype"]

describe("input that attacks what is stored", () => {
  layer(server)((it) => {
    for (const transport of transports) {
      it.effect(`row 64: stores U+FFFD in place of a lone surrogate, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url)
          const texts = [
            ["a\\ud800b", "a\ufffdb"],
            ["\\udc00", "\ufffd"],
            ["\\ude00\\ud83d", "\ufffd\ufffd"],
            ["\\ud83d\\ude00", "\u{1F600}"]
          ] as const
          for (const [escaped] of texts) {
            const message = { content: "$", metadata: { key: "?" } }
            const line = callWith("Send", { sessionId, message }, `"${escaped}"`).replace("\"?\"", () => `"${escaped}"`)
            assert.strictEqual((yield* ask(transport, url, line)).frame?.exit?._tag, "Success")
          }
          const asked = (yield* messagesOf(transport, url, sessionId)).filter(({ role }) => role === "user")
          assert.deepStrictEqual(
            asked.map(({ metadata, parts }) => ({ metadata, parts })),
            texts.map(([, text]) => ({ metadata: { key: text }, parts: [{ _tag: "Text", text }] }))
          )
        }))

      it.effect(`row 65: keeps NUL in text and in keys of metadata, and refuses it in ids and names, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url)
          const message = { content: "a\0b\0", metadata: { "key\0": "value\0" } }
          const sent = yield* call(transport, url, "Send", { sessionId, message })
          assert.strictEqual(sent?.exit?._tag, "Success")
          const [asked] = yield* messagesOf(transport, url, sessionId)
          assert.deepStrictEqual(asked?.["parts"], [{ _tag: "Text", text: "a\0b\0" }])
          assert.deepStrictEqual(asked?.["metadata"], { "key\0": "value\0" })

          const refused: ReadonlyArray<readonly [tag: string, payload: unknown]> = [
            ["Info", { sessionId: `${sessionId}\0` }],
            ["Turn", { sessionId, turnId: "a\0" }],
            ["Message", { sessionId, messageId: "a\0" }],
            ["Send", { sessionId, message: { content: "x", key: "key\0" } }],
            ["Create", { userId: "ada\0", provider: "mock", model: "mock-model" }],
            ["Create", { userId: "ada", provider: "mock\0", model: "mock-model" }],
            ["Create", { userId: "ada", provider: "mock", model: "mock-model", config: { name: "a\0" } }],
            ["Create", { userId: "ada", provider: "mock", model: "mock-model", config: { tags: ["a\0"] } }],
            ["Backup", { name: "a\0" }]
          ]
          for (const [tag, payload] of refused) {
            const frame = yield* call(transport, url, tag, payload)
            assert.strictEqual(errorOf(frame)?.["_tag"], "InvalidRequest", `${tag} ${JSON.stringify(payload)}`)
          }
          assert.lengthOf(yield* messagesOf(transport, url, sessionId), 2)
        }))

      it.effect(`row 66: stores bidi and control characters as they are, and escapes them in the log, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url)
          const content = "\u202Eevil\u202C \u001b[2J \u009b31m \u2066x\u2069 \n level=error \u0007"
          logged.length = 0
          yield* call(transport, url, "Send", { sessionId, message: { content } })
          const [asked] = yield* messagesOf(transport, url, sessionId)
          assert.deepStrictEqual(asked?.["parts"], [{ _tag: "Text", text: content }])
          const lines = logged.filter((line) => line.includes("evil"))
          assert.isAtLeast(lines.length, 2)
          for (const line of lines) {
            assert.include(line, "u202e")
            assert.notMatch(line, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
          }
        }))

      it.effect(`row 67: refuses keys that reach a prototype, at any depth, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url)
          const places: ReadonlyArray<readonly [tag: string, payload: unknown]> = [
            ["Send", { sessionId, message: { content: "x", metadata: "$" } }],
            ["SendSystem", { sessionId, content: { content: "x", metadata: "$" } }],
            ["UpdateContext", { sessionId, patch: { user: "$" } }],
            ["Configure", { sessionId, changes: { providerConfig: "$" } }],
            ["Create", { ...create, context: { system: "$" } }],
            ["Create", { ...create, config: { customSettings: "$" } }],
            ["Create", { ...create, config: { providerConfig: "$" } }],
            ["Fork", { sessionId, fork: { config: { customSettings: "$" } } }]
          ]
          for (const [tag, payload] of places) {
            for (const key of reserved) {
              for (const json of [`{"${key}":{"polluted":1}}`, `{"a":[{"b":{"${key}":{"polluted":1}}}]}`]) {
                const { frame } = yield* ask(transport, url, callWith(tag, payload, json))
                assert.strictEqual(errorOf(frame)?.["_tag"], "InvalidRequest", `${tag} ${json}`)
                assert.include(String(errorOf(frame)?.["reason"]), key)
              }
            }
          }
          assert.isUndefined(Reflect.get({}, "polluted"))
          assert.deepStrictEqual(yield* messagesOf(transport, url, sessionId), [])
        }))

      it.effect(`row 68: takes a key of a context that looks like a path for a name, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const sessionId = yield* startOver(transport, url)
          const user = {
            "a..b": 1,
            "a.__proto__.x": 2,
            "": 3,
            "0": 4,
            "$set": { a: 5 },
            "$.a[0]": 6,
            ["a.".repeat(10_000)]: 7
          }
          const updated = yield* call(transport, url, "UpdateContext", { sessionId, patch: { user } })
          assert.strictEqual(updated?.exit?._tag, "Success")
          const frame = yield* call(transport, url, "Context", { sessionId })
          assert.deepStrictEqual(Object(frame?.exit?.value)["user"], user)
          assert.isUndefined(Reflect.get({}, "x"))
          // What is no scope of a context changes none.
          for (const scope of ["user.name", "user..a", "__proto__", "$set", "0", ""]) {
            const line = callWith("UpdateContext", { sessionId, patch: "$" }, `{"${scope}":{"a":1}}`)
            yield* ask(transport, url, line)
          }
          const after = yield* call(transport, url, "Context", { sessionId })
          const { conversation, provider, system, user: same } = Object(after?.exit?.value)
          assert.deepStrictEqual([same, conversation, provider, system], [user, {}, {}, {}])
        }))
    }
  })
})
