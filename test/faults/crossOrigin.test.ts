import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import * as TestServer from "../rpc/TestServer.js"
import { parseFrames, request } from "../rpc/wire.js"
import { openRequest, type RequestOptions } from "./attack/http.js"
import { openWebSocket } from "./attack/webSocket.js"

const ours = "https://app.example.com"
const others = [
  "https://evil.example.com",
  "http://app.example.com",
  "https://app.example.com:8443",
  "https://app.example.com.evil.example",
  "https://example.com",
  "null",
  "*"
]
const health = request("1", "Health")

/** Sends a request, and returns status, headers and body of the answer. */
const ask = (options: RequestOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const { url } = yield* SessionServer
    const { head, text } = yield* openRequest(url, options)
    return { ...(yield* head), text: yield* text }
  }))

const preflight = (origin: string) =>
  ask({
    method: "OPTIONS",
    authorization: undefined,
    body: "",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type"
    }
  })

const listOf = (header: string | undefined = "") => header.toLowerCase().split(/\s*,\s*/)

describe("a page of another origin", () => {
  layer(TestServer.layer({ allowedOrigins: [ours] }))((it) => {
    for (const origin of others) {
      it.effect(`row 84: may not call when its origin is ${JSON.stringify(origin)}`, () =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          for (const answer of [yield* preflight(origin), yield* ask({ body: health, headers: { origin } })]) {
            assert.strictEqual(answer.status, 403)
            assert.isUndefined(answer.headers["access-control-allow-origin"])
            assert.include(listOf(answer.headers.vary), "origin")
            assert.notInclude(answer.text, "Success")
          }
          const refused = yield* Effect.flip(openWebSocket(url, { origin }))
          assert.strictEqual(refused.status, 403)
        }).pipe(Effect.scoped))
    }

    it.effect("row 84: may call when its origin is allowed", () =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const { headers, status } = yield* preflight(ours)
        assert.include([200, 204], status)
        assert.strictEqual(headers["access-control-allow-origin"], ours)
        assert.include(listOf(headers.vary), "origin")
        assert.include(listOf(headers["access-control-allow-methods"]), "post")
        for (const name of ["authorization", "content-type"]) {
          assert.include(listOf(headers["access-control-allow-headers"]), name)
        }
        const answer = yield* ask({ body: health, headers: { origin: ours } })
        assert.strictEqual(parseFrames(answer.text)[0]?.exit?._tag, "Success")
        yield* openWebSocket(url, { origin: ours })
      }).pipe(Effect.scoped))

    for (
      const { over, status } of [
        { status: 200, over: {} },
        { status: 401, over: { authorization: "Bearer not-the-token-at-all" } },
        { status: 413, over: { body: health.padEnd(1024 * 1024 + 1, "\n") } },
        { status: 415, over: { headers: { origin: ours, "content-type": "text/plain" } } }
      ]
    ) {
      it.effect(`row 84: can read an answer with ${status}, and without credentials of the browser`, () =>
        Effect.gen(function*() {
          const answer = yield* ask({ body: health, headers: { origin: ours }, ...over })
          assert.strictEqual(answer.status, status)
          assert.strictEqual(answer.headers["access-control-allow-origin"], ours)
          assert.include(listOf(answer.headers.vary), "origin")
          assert.isUndefined(answer.headers["access-control-allow-credentials"])
        }))
    }

    it.effect("row 84: gets no answer that a cache could give to another origin", () =>
      Effect.gen(function*() {
        const answer = yield* ask({ body: health })
        assert.strictEqual(answer.status, 200)
        assert.isUndefined(answer.headers["access-control-allow-origin"])
        assert.include(listOf(answer.headers.vary), "origin")
      }))

    // What a form or a script may send to any server without a preflight.
    for (
      const contentType of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
        "application/ndjsonx",
        ""
      ]
    ) {
      it.effect(`row 84: calls nothing with the content type ${JSON.stringify(contentType)}`, () =>
        Effect.gen(function*() {
          const answer = yield* ask({ body: health, headers: { "content-type": contentType } })
          assert.strictEqual(answer.status, 415)
          assert.notInclude(answer.text, "Success")
        }))
    }

    for (const contentType of ["application/ndjson", "Application/NDJSON", "application/ndjson; charset=utf-8"]) {
      it.effect(`row 84: calls with the content type ${contentType}`, () =>
        Effect.gen(function*() {
          const answer = yield* ask({ body: health, headers: { "content-type": contentType } })
          assert.strictEqual(parseFrames(answer.text)[0]?.exit?._tag, "Success")
        }))
    }
  })
})
