import { assert, describe, it, layer } from "@effect/vitest"
import { Chunk, Context, Deferred, Effect, Fiber, Layer, Redacted, Stream, TestClock } from "effect"
import type * as Http from "node:http"
import { text } from "node:stream/consumers"
import { vi } from "vitest"
import { connectSessionManager } from "../../src/client/connectSessionManager.js"
import * as SessionClient from "../../src/client/SessionClient.js"
import { InvalidRequest, ServerBusy, ShuttingDown, Unauthorized } from "../../src/domain/error/RequestError.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { sessionId } from "../domain/conversation.js"
import * as TestServer from "../rpc/TestServer.js"
import { token } from "../rpc/token.js"
import { otherServer } from "./otherServer.js"

const connect = (url: string) =>
  Effect.map(
    Layer.build(SessionClient.layer({ url, token, transport: "http" })),
    Context.get(SessionManager)
  )

const bearer = `Bearer ${Redacted.value(token)}`
const pong = "{\"_tag\":\"Pong\"}\n"

/** Passes requests on, and puts a heartbeat before and after each line of the response. */
const beating = (url: string, seen: (request: Http.IncomingMessage, body: string) => void) =>
  otherServer(async (request, response) => {
    const body = await text(request)
    seen(request, body)
    const answer = await fetch(`${url}/rpc`, {
      method: "POST",
      body,
      headers: { "content-type": "application/ndjson", authorization: request.headers.authorization ?? "" }
    })
    response.writeHead(200, { "content-type": "Application/NDJSON; charset=utf-8" })
    response.end(pong + (await answer.text()).replaceAll("\n", `\n${pong}`))
  })

layer(TestServer.layer())("the client over HTTP", (it) => {
  it.scoped("shows its token in the header of the request only", () =>
    Effect.gen(function*() {
      const { url } = yield* SessionServer
      const shown: Array<unknown> = []
      const sessions = yield* connect(
        yield* beating(url, ({ headers }, body) => shown.push(headers.authorization, JSON.parse(body).headers))
      )
      assert.strictEqual((yield* sessions.health).status, "ok")
      assert.deepStrictEqual(shown, [bearer, []])
    }))

  it.scoped("ignores heartbeats, with effects and with promises", () =>
    Effect.gen(function*() {
      const { url } = yield* SessionServer
      const behind = yield* beating(url, () => undefined)
      const sessions = yield* connect(behind)
      const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
      const tags = Chunk.map(yield* Stream.runCollect(session.stream("hello")), ({ _tag }) => _tag)

      yield* Effect.promise(async () => {
        await using manager = await connectSessionManager({ url: behind, token, transport: "http" })
        const session = await manager.create({ userId: "ada", provider: "mock", model: "mock-model" })
        const seen: Array<string> = []
        for await (const { _tag } of session.stream("hello")) seen.push(_tag)
        assert.deepStrictEqual(seen, Array.from(tags))
        assert.deepStrictEqual([seen[0], seen.at(-1)], ["TurnAccepted", "TurnCompleted"])
      })
    }))

  const busy = new ServerBusy({ reason: "it has no room", retryAfterMs: 250 })
  const asJson = { "content-type": "application/json; charset=utf-8" }
  for (
    const { body = "", error, headers = {}, status } of [
      { status: 401, error: new Unauthorized() },
      { status: 401, headers: asJson, body: "{\"_tag\":\"Unauthorized\"}", error: new Unauthorized() },
      { status: 429, headers: { ...asJson, "retry-after": "9" }, body: JSON.stringify(busy), error: busy },
      { status: 503, headers: asJson, body: JSON.stringify(new ShuttingDown()), error: new ShuttingDown() },
      {
        status: 503,
        headers: { "retry-after": "9" },
        error: new ServerBusy({ reason: "it answered with HTTP 503", retryAfterMs: 9_000 })
      },
      {
        status: 503,
        headers: { "content-type": "text/html", "retry-after": "Thu, 01 Jan 1970 00:00:03 GMT" },
        body: "<html></html>",
        error: new ServerBusy({ reason: "it answered with HTTP 503", retryAfterMs: 3_000 })
      },
      {
        status: 429,
        headers: asJson,
        body: "{",
        error: new ServerBusy({ reason: "it answered with HTTP 429", retryAfterMs: 1_000 })
      },
      { status: 413, error: new InvalidRequest({ path: [], reason: "is larger than 1048576 bytes" }) },
      {
        status: 421,
        headers: asJson,
        body: JSON.stringify(new InvalidRequest({ path: ["host"], reason: "is not known" })),
        error: new InvalidRequest({ path: ["host"], reason: "is not known" })
      }
    ]
  ) {
    it.scoped(`reads HTTP ${status} ${JSON.stringify(headers)} ${body} as ${error._tag}`, () =>
      Effect.gen(function*() {
        const url = yield* otherServer((_, response) => void response.writeHead(status, headers).end(body))
        const sessions = yield* connect(url)
        assert.deepStrictEqual(yield* Effect.flip(sessions.health), error)
        const streamed = yield* Effect.flip(Stream.runDrain(sessions.session(sessionId).stream("hello")))
        assert.deepStrictEqual(streamed, error)
      }))
  }

  it.scoped("ends only the call whose response is an error", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<Http.ServerResponse>()
      const refusal = new InvalidRequest({ path: ["id"], reason: "is wrong" })
      const url = yield* otherServer(async (request, response) => {
        const frame = JSON.parse(await text(request))
        response.writeHead(200, { "content-type": "application/ndjson" })
        if (frame.tag === "Health") return Deferred.unsafeDone(asked, Effect.succeed(response))
        response.end(`${JSON.stringify({ _tag: "Defect", defect: refusal })}\n`)
      })
      const sessions = yield* connect(url)
      const health = yield* Effect.fork(Effect.flip(sessions.health))
      const response = yield* Deferred.await(asked)
      assert.deepStrictEqual(yield* Effect.flip(sessions.get("s")), refusal)
      response.end()
      assert.strictEqual((yield* Fiber.join(health))._tag, "Disconnected")
    }))
})

describe("the silence of a server over HTTP", () => {
  const turnOfTheLoop = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
  const turnsOfTheLoop = Effect.repeatN(turnOfTheLoop, 10)

  /** A response that the test writes, in place of the platform's `fetch`. */
  const written = Effect.gen(function*() {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      start: (given) => void (controller = given),
      cancel: () => void (cancelled = true)
    })
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        vi.stubGlobal(
          "fetch",
          () => Promise.resolve(new Response(body, { headers: { "content-type": "application/ndjson" } }))
        )
      ),
      () => Effect.sync(() => vi.unstubAllGlobals())
    )
    const write = (text: string) =>
      Effect.zipRight(Effect.sync(() => controller?.enqueue(new TextEncoder().encode(text))), turnsOfTheLoop)
    return { isCancelled: () => cancelled, write }
  })

  it.scoped("of 45 seconds ends a call, but no heartbeat does", () =>
    Effect.gen(function*() {
      const { isCancelled, write } = yield* written
      const sessions = yield* connect("http://127.0.0.1:9")
      const call = yield* Effect.fork(Effect.flip(sessions.health))
      yield* turnsOfTheLoop
      for (const _ of [1, 2, 3]) {
        yield* TestClock.adjust("44 seconds")
        yield* write(pong)
      }
      assert.isNull(call.unsafePoll())
      yield* TestClock.adjust("44 seconds")
      yield* turnsOfTheLoop
      assert.isNull(call.unsafePoll())
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(call)
      assert.deepInclude(error, { _tag: "Disconnected", sent: true })
      assert.match(error.message, /silent for 45 seconds/)
      yield* turnsOfTheLoop
      assert.isTrue(isCancelled())
    }))

  it.scoped("also ends a call whose response never begins", () =>
    Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.stubGlobal("fetch", () => new Promise(() => undefined))),
        () => Effect.sync(() => vi.unstubAllGlobals())
      )
      const sessions = yield* connect("http://127.0.0.1:9")
      const call = yield* Effect.fork(Effect.flip(sessions.health))
      yield* turnsOfTheLoop
      yield* TestClock.adjust("45 seconds")
      assert.deepInclude(yield* Fiber.join(call), { _tag: "Disconnected", sent: true })
    }))
})
