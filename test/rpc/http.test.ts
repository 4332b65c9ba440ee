import { assert, describe, layer } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import * as TestServer from "./TestServer.js"
import { authorized, parseFrames, post, request, send } from "./wire.js"

const health = request("1", "Health")
const [, bearer] = authorized[0] ?? []
const wrong = "Bearer not-the-token-at-all"
const fiveMegabytes = "x".repeat(5 * 1024 * 1024)
const upgrade = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
}

describe("the server over HTTP", () => {
  layer(TestServer.layer({ allowedHosts: ["sessions.example.com"], allowedOrigins: ["https://app.example.com"] }))(
    (it) => {
      it.effect("reports without a token that it runs, and nothing else", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { status, text } = yield* send(`${url}/healthz`, {})
          assert.deepStrictEqual([status, text], [200, "{\"status\":\"ok\"}"])
        }))

      it.effect("reports without a token that a send can be stored", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          assert.deepInclude(yield* send(`${url}/readyz`, {}), { status: 200, text: "{\"status\":\"ready\"}" })
        }))

      it.effect("listens on the loopback interface by default", () =>
        Effect.gen(function*() {
          const { host } = yield* SessionServer
          assert.strictEqual(host, "127.0.0.1")
        }))

      for (
        const { body, what } of [
          { what: "by its content-length", body: fiveMegabytes },
          { what: "as it arrives", body: Array.from({ length: 5 }, () => fiveMegabytes.slice(0, 1024 * 1024)) }
        ]
      ) {
        it.effect(`refuses a body that is too large, ${what}`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            const { status, text } = yield* post(url, body)
            assert.strictEqual(status, 413)
            const error = JSON.parse(text)
            assert.strictEqual(error._tag, "InvalidRequest")
            assert.strictEqual(error.message, "The request is larger than 1048576 bytes")
            assert.strictEqual(parseFrames((yield* post(url, health)).text)[0]?.exit?._tag, "Success")
          }))
      }

      it.effect("accepts a body of the largest size", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { status } = yield* post(url, health.padEnd(1024 * 1024, "\n"))
          assert.strictEqual(status, 200)
          assert.strictEqual((yield* post(url, health.padEnd(1024 * 1024 + 1, "\n"))).status, 413)
        }))

      for (const type of ["Application/NDJSON", "application/ndjson; charset=utf-8"]) {
        it.effect(`accepts the content type ${type}`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            assert.strictEqual((yield* post(url, health, { "content-type": type })).status, 200)
          }))
      }

      it.scoped("closes the connection of a refused request only after its body, so that the client reads the refusal", () =>
        Effect.gen(function*() {
          const { port, url } = yield* SessionServer
          const heard = yield* Deferred.make<string>()
          const ended = yield* Deferred.make<void>()
          const socket = yield* Effect.acquireRelease(
            Effect.sync(() => Net.connect(port, "127.0.0.1")),
            (socket) => Effect.sync(() => socket.destroy())
          )
          socket.setEncoding("utf8").on("data", (text) => Deferred.unsafeDone(heard, Effect.succeed(String(text))))
          socket.on("end", () => Deferred.unsafeDone(ended, Effect.void)).on("error", () => {})
          socket.write(
            `POST /rpc HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 5000000\r\n` +
              `authorization: ${bearer}\r\ncontent-type: application/ndjson\r\n\r\n`
          )
          assert.isTrue((yield* Deferred.await(heard)).startsWith("HTTP/1.1 413"))
          // Whatever the server did right after the refusal has arrived by now.
          yield* post(url, health)
          assert.isFalse(yield* Deferred.isDone(ended))
          socket.write("x".repeat(5_000_000))
          yield* Deferred.await(ended)
        }))

      it.effect("refuses other content types than NDJSON", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { status, text } = yield* post(url, health, { "content-type": "text/plain" })
          assert.strictEqual(status, 415)
          assert.deepStrictEqual(JSON.parse(text).path, ["content-type"])
        }))

      it.effect("answers an empty body with an empty response", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { status, text } = yield* post(url, "")
          assert.deepStrictEqual([status, text], [200, ""])
        }))

      it.effect("prefers the request's header to the one in a frame", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const frame = request("1", "Health", undefined, { headers: [["Authorization", wrong]] })
          assert.strictEqual(parseFrames((yield* post(url, frame)).text)[0]?.exit?._tag, "Success")
        }))

      for (const authorization of ["", wrong, `${bearer} x`, "Basic dXNlcjpwYXNz"]) {
        it.effect(`refuses a request with the header ${JSON.stringify(authorization)}, whatever its frames hold`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            const { headers, status, text } = yield* post(url, health, { authorization })
            assert.deepStrictEqual([status, headers["www-authenticate"]], [401, "Bearer"])
            assert.strictEqual(JSON.parse(text)._tag, "Unauthorized")
          }))
      }

      for (const scheme of ["bearer", "BEARER", "Bearer "]) {
        it.effect(`reads the scheme "${scheme}"`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            const authorization = `${bearer}`.replace("Bearer", scheme)
            assert.strictEqual((yield* post(url, health, { authorization })).status, 200)
          }))
      }

      it.effect("refuses a body without a token before it arrives", () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { status } = yield* Effect.async<{ readonly status: number | undefined }, Error>((resume) => {
            // The body is announced, and never sent.
            const headers = { "content-type": "application/ndjson", "content-length": "1000" }
            const outgoing = Http.request(`${url}/rpc`, { method: "POST", headers, agent: false }, (incoming) => {
              resume(Effect.succeed({ status: incoming.statusCode }))
              outgoing.destroy()
            })
            outgoing.on("error", (error) => resume(Effect.fail(error)))
            outgoing.flushHeaders()
          })
          assert.strictEqual(status, 401)
        }))

      for (
        const { garbage, what, status } of [
          {
            what: "what follows a request and is no request",
            garbage: "OPTIONS /rpc HTTP/1.1\r\nhost: a\r\n\r\n{}\n",
            status: "421 Misdirected Request"
          },
          { what: "what is no request", garbage: "{}\n\n", status: "400 Bad Request" },
          { what: "headers of 100 KB", garbage: `GET / HTTP/1.1\r\nx: ${"x".repeat(100_000)}`, status: "431 Request" }
        ]
      ) {
        it.effect(`answers ${what}, and closes the connection`, () =>
          Effect.gen(function*() {
            const { port } = yield* SessionServer
            const text = yield* Effect.async<string>((resume) => {
              let received = ""
              const socket = Net.connect(port, "127.0.0.1", () => socket.write(garbage))
              socket.setEncoding("utf8").on("data", (chunk) => (received += chunk)).on("error", () => {})
              socket.on("close", () => resume(Effect.succeed(received)))
            })
            assert.isTrue(text.startsWith(`HTTP/1.1 ${status}`), text)
          }))
      }

      // The same rules apply to a call and to opening a WebSocket.
      for (
        const { headers, status } of [
          { headers: { host: "evil.example.com" }, status: 421 },
          { headers: { host: "127.0.0.1.evil.example.com:80" }, status: 421 },
          { headers: { host: "[::1" }, status: 421 },
          { headers: { origin: "https://evil.example.com" }, status: 403 },
          { headers: { origin: "null" }, status: 403 },
          { headers: { origin: "https://app.example.com" }, status: undefined },
          { headers: { host: "Sessions.Example.com:443" }, status: undefined },
          { headers: { host: "localhost:1" }, status: undefined },
          { headers: { host: "[::1]" }, status: undefined }
        ]
      ) {
        it.effect(`answers ${JSON.stringify(headers)} with ${status ?? "the result"}`, () =>
          Effect.gen(function*() {
            const { url } = yield* SessionServer
            const answer = yield* post(url, health, headers)
            assert.strictEqual(answer.status, status ?? 200)
            if (status !== undefined) assert.strictEqual(JSON.parse(answer.text)._tag, "InvalidRequest")
            const opened = yield* send(`${url}/rpc`, { headers: { ...upgrade, ...headers } })
            assert.strictEqual(opened.status, status ?? 101)
          }))
      }
    }
  )
})
