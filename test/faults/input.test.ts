import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { gzipSync } from "node:zlib"
import { WebSocket } from "ws"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { openSocket, post, request, send } from "../rpc/wire.js"
import { ask, bearer, errorOf, layer as server, messagesOf, startOver, transports } from "./hostileInput.js"

const health = request("1", "Health")
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
const megabyte = 1024 * 1024

/** A send whose content is this JSON. */
const sendOf = (sessionId: string, json: string) =>
  request("7", "Send", { sessionId, message: { content: "$" } }).replace("\"$\"", () => json)

describe("input that attacks the reader", () => {
  layer(server)((it) => {
    for (const size of [5, 105]) {
      it.effect(`row 61: refuses a body of ${size} MB, and closes the socket of a message of that size`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const other = yield* openSocket(url)
          // In chunks, the server learns the size only as it reads. It may close the connection before all was sent.
          const pieces = Array.from({ length: size }, () => "x".repeat(megabyte))
          const answer = yield* Effect.option(post(url, pieces, bearer))
          if (answer._tag === "Some") assert.strictEqual(answer.value.status, 413)
          assert.deepStrictEqual(yield* ask("websocket", url, "x".repeat(size * megabyte)), { closed: 1009 })
          yield* other.send(health)
          assert.strictEqual((yield* other.next).exit?._tag, "Success")
        }).pipe(Effect.scoped))
    }

    it.effect("row 61: refuses by its length a body that is too large, before it arrives", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const { status } = yield* post(url, "x".repeat(5 * megabyte), bearer)
        assert.strictEqual(status, 413)
      }))

    it.effect("row 61: decompresses no body", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        for (const body of [gzipSync(health), gzipSync(Buffer.alloc(100 * megabyte))]) {
          const { text } = yield* post(url, body, { ...bearer, "content-encoding": "gzip" })
          assert.include(text, "InvalidRequest")
          assert.isBelow(text.length, 1000)
        }
      }))

    it.effect("row 61: agrees to no compression of messages", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const extensions = yield* Effect.async<string>((resume) => {
          const socket = new WebSocket(`${url.replace("http", "ws")}/rpc`, { perMessageDeflate: true })
          socket.on("open", () => resume(Effect.succeed(socket.extensions)))
          return Effect.sync(() => socket.close())
        })
        assert.strictEqual(extensions, "")
      }))

    for (const transport of transports) {
      it.effect(`row 62: refuses JSON by its depth, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const id = yield* startOver(transport, url)
          for (const depth of [65, 2_000, 8_000, 50_000]) {
            for (const json of [nested(depth), `{"a":`.repeat(depth) + "1" + "}".repeat(depth)]) {
              const line = sendOf(id, json)
              if (line.length > megabyte) continue
              const { frame } = yield* ask(transport, url, line)
              assert.strictEqual(errorOf(frame)?.["reason"], "is nested more than 64 levels deep", `${depth}`)
            }
          }
          const { closed, status } = yield* ask(transport, url, sendOf(id, nested(4_000_000)))
          assert.strictEqual(closed ?? status, transport === "http" ? 413 : 1009)
          assert.deepStrictEqual(yield* messagesOf(transport, url, id), [])
        }))

      it.effect(`row 63: refuses bytes that are not UTF-8, and stores nothing, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const id = yield* startOver(transport, url)
          // A lone continuation, an overlong slash, a surrogate, beyond U+10FFFF, and a character that is cut off.
          for (const bytes of [[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe4, 0xb8]]) {
            const [before = "", after = ""] = sendOf(id, "\"a$b\"").split("$")
            const data = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
            const { frame } = yield* ask(transport, url, data)
            assert.strictEqual(errorOf(frame)?.["reason"], "is not UTF-8")
          }
          assert.deepStrictEqual(yield* messagesOf(transport, url, id), [])
        }))

      it.effect(`row 74: neither takes nor repeats a request id that is huge or a number, over ${transport}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          for (
            const id of ["9".repeat(100_000), "9".repeat(129), 7, 1e300, -1, 0.5, [7], { toString: "7" }, null, "x y"]
          ) {
            const { frame } = yield* ask(transport, url, request(id, "Health"))
            assert.strictEqual(errorOf(frame)?.["_tag"], "InvalidRequest")
            assert.deepStrictEqual(errorOf(frame)?.["path"], ["id"])
            assert.isBelow(JSON.stringify(frame).length, 1000)
          }
          const largest = yield* ask(transport, url, request("9".repeat(128), "Health"))
          assert.strictEqual(largest.frame?.requestId, "9".repeat(128))
          assert.strictEqual(largest.frame?.exit?._tag, "Success")
        }))
    }

    it.effect("row 78: prefers the header of the connection to those in a frame", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const names = ["authorization", "Authorization", "AUTHORIZATION"]
        for (const name of names) {
          const right = request("1", "Health", undefined, { headers: [[name, bearer.authorization]] })
          const refused = yield* post(url, right, { authorization: "Bearer wrong" })
          assert.include(refused.text, "Unauthorized")
          assert.notInclude(refused.text, "Success")
          const wrong = request("1", "Health", undefined, { headers: [[name, "Bearer wrong"], ["host", "evil.test"]] })
          assert.include((yield* post(url, wrong, bearer)).text, "Success")
        }
      }))

    it.effect("row 85: answers a forged Host with 421, to calls and to sockets", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const upgrade = {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
        }
        for (
          const host of ["evil.example.com", "127.0.0.1.evil.example.com", "localhost.evil.example.com:80", "[::1"]
        ) {
          assert.strictEqual((yield* post(url, health, { ...bearer, host })).status, 421, host)
          assert.strictEqual(
            (yield* send(`${url}/rpc`, { headers: { ...upgrade, ...bearer, host } })).status,
            421,
            host
          )
        }
        assert.strictEqual((yield* post(url, health, { ...bearer, host: "localhost:1" })).status, 200)
      }))
  })
})
