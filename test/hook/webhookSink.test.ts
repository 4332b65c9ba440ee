// A hook may fail with any error.
// @effect-diagnostics anyUnknownInErrorContext:off
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, TestClock } from "effect"
import * as AlertingHook from "../../src/layers/hook/AlertingHook.js"
import { isPrivateAddress } from "../../src/layers/hook/internal/webhook.js"
import { makeLoopbackServer } from "../vendor/LoopbackServer.js"

const alert: AlertingHook.Alert = {
  rule: "failed",
  severity: "warning",
  at: "1970-01-01T00:00:00.000Z",
  sessionId: "session",
  number: 7,
  event: "TurnFailed",
  count: 1,
  suppressed: 0
}
const here = { allowHttp: true, allowPrivate: true }

describe("AlertingHook's webhook", () => {
  it.scopedLive("posts the alert as JSON, with its headers", () =>
    Effect.gen(function*() {
      const server = yield* makeLoopbackServer((_, response) => response.writeHead(204).end())
      const send = yield* AlertingHook.webhookSink({
        ...here,
        url: `${server.url}/alerts?key=1`,
        headers: { authorization: Redacted.make("Bearer canary") }
      })
      yield* send(alert)
      const [request] = server.received
      assert.deepStrictEqual(request?.body, alert)
      assert.deepInclude(request, { method: "POST", url: "/alerts?key=1" })
      assert.deepInclude(request?.headers, { authorization: "Bearer canary", "content-type": "application/json" })
    }))

  it.scopedLive("fails on any status but 2xx, follows no redirect, and keeps no connection", () =>
    Effect.gen(function*() {
      const server = yield* makeLoopbackServer((_, response) => response.writeHead(302, { location: "/secret" }).end())
      const send = yield* AlertingHook.webhookSink({ ...here, url: `${server.url}/canary` })
      const error = yield* Effect.flip(send(alert))
      assert.include(String(error), "the webhook answered HTTP 302")
      server.next((_, response) => void response.writeHead(500).write("canary, and more"))
      assert.include(String(yield* Effect.flip(send(alert))), "the webhook answered HTTP 500")
      assert.strictEqual(server.received.length, 2)
      yield* server.untilConnections(0)
      assert.notInclude(String(error), "canary")
    }))

  it.scoped("times out when there is no response", () =>
    Effect.gen(function*() {
      const server = yield* makeLoopbackServer(() => undefined)
      const send = yield* AlertingHook.webhookSink({ ...here, url: `${server.url}/canary`, timeout: "2 seconds" })
      const sent = yield* Effect.fork(Effect.flip(send(alert)))
      yield* server.untilConnections(1)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(String(yield* Fiber.join(sent)), "WebhookFailed: the webhook did not answer within 2s")
      yield* server.untilConnections(0)
    }))

  it.effect.each<[url: string, problem: string]>([
    ["http://example.com/canary", "must be https"],
    ["ftp://example.com/canary", "must be https"],
    ["file:///canary", "must be https"],
    ["canary", "must be an absolute URL"],
    ["https://user:canary@example.com/", "must not contain credentials"],
    ["https://127.0.0.1/", "must not be a private address"],
    ["https://0x7f.1/", "must not be a private address"],
    ["https://2130706433/", "must not be a private address"],
    ["https://[::1]/", "must not be a private address"],
    ["https://[::ffff:169.254.169.254]/", "must not be a private address"],
    ["https://10.0.0.1:8443/", "must not be a private address"]
  ])("row 86: refuses %s", ([url, problem]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(AlertingHook.webhookSink({ url }))
      assert.include(error.message, problem)
      assert.notInclude(error.message, "canary")
    }).pipe(Effect.scoped))

  it.scopedLive("row 86: does not connect to a name that resolves to a private address", () =>
    Effect.gen(function*() {
      const server = yield* makeLoopbackServer((_, response) => response.end())
      const url = server.url.replace("127.0.0.1", "localhost")
      const send = yield* AlertingHook.webhookSink({ url, allowHttp: true })
      assert.include(String(yield* Effect.flip(send(alert))), "private network")
      assert.strictEqual(server.connections(), 0)
      assert.deepStrictEqual(server.received, [])
      const allowed = yield* AlertingHook.webhookSink({ ...here, url })
      yield* allowed(alert)
      assert.strictEqual(server.received.length, 1)
    }))

  it("row 86: tells private from public addresses", () => {
    const ofEach = [
      "0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.2 169.254.169.254 172.31.255.255 192.168.1.1 198.19.0.1 224.0.0.1 255.255.255.255",
      ":: ::1 ::ffff:10.0.0.1 ::ffff:7f00:1 ::7f00:1 64:ff9b::a00:1 2002:a00:1:: 2001::1 fc00::1 fd12::1 fe80::1 ff02::1"
    ].join(" ").split(" ")
    assert.deepStrictEqual(ofEach.filter((address) => !isPrivateAddress(address)), [])
    const outside = ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111"]
    assert.deepStrictEqual(outside.filter((address) => isPrivateAddress(address)), [])
  })
})
