import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { gatedReply } from "../host/gatedReply.js"
import * as TestServer from "./TestServer.js"
import { authorized, exchange, openAuthorizedSocket, openSocket, request, type Transport } from "./wire.js"

const health = request("1", "Health")
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
const canary = "canary-of-the-caller"

const unreadable = [
  { what: "a line that is not JSON", line: `{"oops": ${canary}\n`, reason: "is not JSON" },
  { what: "null", line: "null\n", reason: "is not a JSON object" },
  { what: "a number", line: "5\n", reason: "is not a JSON object" },
  { what: "an array", line: "[]\n", reason: "is not a JSON object" },
  {
    what: "a frame nested too deep",
    line: `{"_tag":"Ping","deep":${nested(64)}}\n`,
    reason: "is nested more than 64 levels deep"
  },
  {
    what: "an extremely deep frame",
    line: `${"{\"a\":".repeat(100_000)}\n`,
    reason: "is nested more than 64 levels deep"
  }
]

// `path` and `reason` of the error; `id` of the call to which it belongs.
const refused = [
  { what: "an unknown call", line: request("7", canary), id: "7", path: ["tag"], reason: /is not a call/ },
  {
    what: "a call named as a prototype",
    line: request("7", "__proto__"),
    id: "7",
    path: ["tag"],
    reason: /is not a call/
  },
  { what: "a call without a name", line: request("7", undefined), id: "7", path: ["tag"], reason: /./ },
  { what: "a call with a long name", line: request("7", canary.repeat(9)), id: "7", path: ["tag"], reason: /128/ },
  { what: "an id that is a word", line: request("abc", "Health"), id: "abc", path: ["id"], reason: /1 to 128 digits/ },
  { what: "an id with leading zeros", line: request("07", "Health"), id: "07", path: ["id"], reason: /128 digits/ },
  { what: "an id that is a number", line: request(7, "Health"), id: undefined, path: ["id"], reason: /./ },
  { what: "an id that is missing", line: request(undefined, "Health"), id: undefined, path: ["id"], reason: /missing/ },
  { what: "a long id", line: request("9".repeat(129), "Health"), id: undefined, path: ["id"], reason: /1 to 128/ },
  { what: "a huge id", line: request("9".repeat(100_000), "Health"), id: undefined, path: ["id"], reason: /1 to 128/ },
  { what: "an unknown frame", line: `{"_tag":"${canary}"}\n`, id: undefined, path: ["_tag"], reason: /Request/ },
  {
    what: "a frame that clients may not send",
    line: "{\"_tag\":\"Eof\"}\n",
    id: undefined,
    path: ["_tag"],
    reason: /Request/
  },
  {
    what: "a payload without a session",
    line: request("7", "Info", { other: canary }),
    id: "7",
    path: ["sessionId"],
    reason: /missing/
  },
  {
    what: "a payload of another type",
    line: request("7", "Send", { sessionId: { $gt: canary }, message: { content: "x" } }),
    id: "7",
    path: ["sessionId"],
    reason: /must be a string/
  },
  {
    what: "a stream with a bad payload",
    line: request("7", "Stream", { sessionId: "s", message: { content: "", metadata: { canary } } }),
    id: "7",
    path: ["message", "content"],
    reason: /must not be empty/
  },
  {
    what: "a key that reaches a prototype",
    line: request("7", "Send", { sessionId: "s", message: { content: "x", metadata: { a: 1 } } }).replace(
      "\"a\"",
      "\"__proto__\""
    ),
    id: "7",
    path: ["message", "metadata"],
    reason: /__proto__/
  }
]

describe.each<{ transport: Transport }>([{ transport: "http" }, { transport: "websocket" }])(
  "bad frames over $transport",
  ({ transport }) => {
    layer(TestServer.layer())((it) => {
      for (const { line, reason, what } of unreadable) {
        it.effect(`answers ${what} with the problem`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            const [frame] = yield* exchange(transport, url, line)
            assert.strictEqual(frame?._tag, "Defect")
            assert.strictEqual(frame?.defect?.["_tag"], "InvalidRequest")
            assert.strictEqual(frame?.defect?.["reason"], reason)
            assert.notInclude(JSON.stringify(frame), canary)
          }))
      }

      for (const { line, path, reason, what } of refused.filter(({ id }) => id === undefined)) {
        it.effect(`refuses ${what} with one error, and reads nothing more`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            const [refusal, other] = transport === "http"
              ? yield* exchange(transport, url, line + line + health)
              : yield* Effect.scoped(Effect.gen(function*() {
                const socket = yield* openAuthorizedSocket(url)
                yield* socket.send(line + line + health)
                const refusal = yield* socket.next
                assert.strictEqual(yield* socket.closed, 1007)
                return [refusal, yield* socket.poll]
              }))
            assert.isUndefined(other)
            assert.strictEqual(refusal?.defect?.["_tag"], "InvalidRequest")
            assert.deepStrictEqual(refusal?.defect?.["path"], path)
            assert.match(String(refusal?.defect?.["reason"]), reason)
            assert.notInclude(JSON.stringify(refusal), canary)
            assert.isBelow(JSON.stringify(refusal).length, 1000)
          }))
      }

      it.effect("refuses more than 1,024 frames in one message", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const ping = "{\"_tag\":\"Ping\"}\n"
          assert.lengthOf(yield* exchange(transport, url, ping.repeat(1024), 1024), 1024)
          const frames = yield* exchange(transport, url, ping.repeat(2000), 1025)
          assert.lengthOf(frames, 1025)
          assert.match(String(frames[1024]?.defect?.["reason"]), /more than 1024 calls/)
        }))

      for (const { id, line, path, reason, what } of refused.filter(({ id }) => id !== undefined)) {
        it.effect(`refuses ${what}, and answers the next call`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            const frames = yield* exchange(transport, url, line + health, 2)
            const refusal = frames.find(({ requestId }) => requestId !== "1")
            const error = refusal?.exit?.cause?.error
            assert.strictEqual(refusal?.requestId, id)
            assert.strictEqual(error?.["_tag"], "InvalidRequest")
            assert.deepStrictEqual(error?.["path"], path)
            assert.match(String(error?.["reason"]), reason)
            assert.notInclude(JSON.stringify(refusal), canary)
            assert.isBelow(JSON.stringify(refusal).length, 1000)
            assert.strictEqual(frames.find(({ requestId }) => requestId === "1")?.exit?._tag, "Success")
          }))
      }

      it.effect("refuses the id of a running call, which continues", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { open, reply } = yield* gatedReply("at last")
          yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
          const { id } = yield* Effect.flatMap(SessionManager, (sessions) =>
            sessions.create({ userId: "ada", provider: "mock", model: "mock-model" }))
          const first = request("7", "Send", { sessionId: id, message: { content: "hello" } })
          // The gate may open only after the refusal; over HTTP, both are read in one response.
          const frames = transport === "http"
            ? yield* Effect.zipLeft(exchange(transport, url, first + first), open, { concurrent: true })
            : yield* Effect.scoped(Effect.gen(function*() {
              const socket = yield* openSocket(url)
              yield* socket.send(first + first)
              const refusal = yield* socket.next
              yield* open
              return [refusal, yield* socket.next]
            }))
          assert.deepStrictEqual(frames[0]?.defect?.["path"], ["id"])
          assert.strictEqual(frames[1]?.exit?._tag, "Success")
        }))
    })
  }
)

const firstAnswer = (url: string, line: string) =>
  Effect.scoped(Effect.flatMap(openSocket(url), (socket) => Effect.zipRight(socket.send(line), socket.next)))

describe("a socket", () => {
  layer(TestServer.layer())((it) => {
    for (const headers of [undefined, null, {}, "x", [["a"]], [[1, 2]]]) {
      it.effect(`ignores the headers ${JSON.stringify(headers)}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const frame = yield* firstAnswer(url, request("1", "Health", undefined, { headers }))
          assert.strictEqual(frame?.exit?.cause?.error?.["_tag"], "Unauthorized")
        }))
    }

    it.effect("reveals nothing about a payload to an unauthenticated caller", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const headers = [["authorization", `${authorized[0]?.[1]}x`]]
        const frame = yield* firstAnswer(url, request("1", "Info", { sessionId: 5 }, { headers }))
        assert.strictEqual(frame?.exit?.cause?.error?.["_tag"], "Unauthorized")
      }))

    it.scoped("is closed after unreadable data; others stay open", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const other = yield* openSocket(url)
        for (
          const { data, reason } of [
            { data: "{]\n", reason: "is not JSON" },
            { data: new Uint8Array([0x22, 0xff, 0x22]), reason: "is not UTF-8" }
          ]
        ) {
          const socket = yield* openSocket(url)
          yield* socket.send(data)
          assert.strictEqual((yield* socket.next).defect?.["reason"], reason)
          assert.strictEqual(yield* socket.closed, 1007)
        }
        yield* other.send(health)
        assert.strictEqual((yield* other.next).exit?._tag, "Success")
      }))

    it.scoped("is closed by a message that is too large, before it is read; others stay open", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const other = yield* openSocket(url)
        const socket = yield* openAuthorizedSocket(url)
        yield* socket.send("x".repeat(5 * 1024 * 1024))
        assert.strictEqual(yield* socket.closed, 1009)
        yield* other.send(health)
        assert.strictEqual((yield* other.next).exit?._tag, "Success")
      }))

    it.scoped("stays open after a refusal, and answers a ping", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const socket = yield* openSocket(url)
        yield* socket.send(request("7", "Nothing"))
        yield* socket.next
        yield* socket.send("{\"_tag\":\"Ping\"}\n")
        assert.strictEqual((yield* socket.next)._tag, "Pong")
      }))
  })
})
