import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Redacted, Stream, TestClock } from "effect"
import { vi } from "vitest"
import * as SessionClient from "../../src/client/SessionClient.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { sessionId, turnId } from "../domain/conversation.js"
import { token } from "../rpc/token.js"
import { type Frame, parseFrames } from "../rpc/wire.js"

type Sent = Frame & { readonly id: string; readonly tag?: string; readonly headers: ReadonlyArray<unknown> }

/** The platform's WebSocket, with a server that the test plays. */
class PlayedSocket extends EventTarget {
  static opened: Array<PlayedSocket> = []
  readyState = 0
  readonly sent: Array<Sent> = []
  constructor(readonly url: string) {
    super()
    PlayedSocket.opened.push(this)
  }
  send(line: string) {
    this.sent.push(...(parseFrames(line) as Array<Sent>))
  }
  close() {}
  tell(type: string, fields: object = {}) {
    return Effect.zipRight(
      Effect.sync(() => this.dispatchEvent(Object.assign(new Event(type), fields))),
      settled
    )
  }
  readonly open = Effect.suspend(() => {
    this.readyState = 1
    return this.tell("open")
  })
  answer(...frames: ReadonlyArray<unknown>) {
    return this.tell("message", { data: frames.map((frame) => `${JSON.stringify(frame)}\n`).join("") })
  }
  fail(id: string | undefined, error: object) {
    return this.answer(failure(id, error))
  }
  /** Opens it and accepts the token. */
  readonly accept = Effect.zipRight(
    this.open,
    Effect.suspend(() => this.fail(this.sent[0]?.id, { _tag: "ShuttingDown", code: "shutting_down" }))
  )
}

const settled = Effect.repeatN(Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))), 5)

const failure = (requestId: string | undefined, error: object) => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Failure", cause: { _tag: "Fail", error } }
})

const last = () => {
  const socket = PlayedSocket.opened.at(-1)
  assert(socket)
  return socket
}

const connect = Effect.gen(function*() {
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      PlayedSocket.opened = []
      vi.stubGlobal("WebSocket", PlayedSocket)
    }),
    () => Effect.sync(() => vi.unstubAllGlobals())
  )
  const layer = SessionClient.layer({ url: "ws://127.0.0.1:9", token, resumeFor: 0 })
  const sessions = Context.get(yield* Layer.build(layer), SessionManager)
  yield* settled
  return sessions
})

describe("the client over a WebSocket", () => {
  it.scoped("shows its token, and sends no call before the server has accepted it", () =>
    Effect.gen(function*() {
      const sessions = yield* connect
      const calls = yield* Effect.fork(Effect.all([sessions.health, sessions.get("s")], { concurrency: "unbounded" }))
      yield* last().open
      const [greeting, ...rest] = last().sent
      assert.deepInclude(greeting, { _tag: "Request", tag: "Health" })
      assert.deepStrictEqual(greeting?.headers, [["authorization", `Bearer ${Redacted.value(token)}`]])
      assert.lengthOf(rest, 0)
      yield* last().accept
      assert.deepStrictEqual(last().sent.map(({ tag }) => tag).toSorted(), ["Health", "Health", "Info"])
      assert.strictEqual(new Set(last().sent.map(({ id }) => id)).size, 3)
      yield* Fiber.interrupt(calls)
    }))

  it.scoped("fails all calls when the server refuses its token, and shows it again after 30 seconds", () =>
    Effect.gen(function*() {
      const sessions = yield* connect
      const call = yield* Effect.fork(Effect.flip(sessions.health))
      yield* last().open
      yield* last().fail(last().sent[0]?.id, { _tag: "Unauthorized", code: "unauthorized" })
      assert.strictEqual((yield* Fiber.join(call))._tag, "Unauthorized")
      assert.strictEqual((yield* Effect.flip(sessions.health))._tag, "Unauthorized")
      assert.lengthOf(last().sent, 1)
      yield* TestClock.adjust("29 seconds")
      yield* settled
      assert.lengthOf(PlayedSocket.opened, 1)
      yield* TestClock.adjust("2 seconds")
      yield* settled
      assert.lengthOf(PlayedSocket.opened, 2)
    }))

  for (
    const { code, delay, reason } of [
      { code: 1013, delay: 1_000, reason: /is busy/ },
      { code: 1006, delay: 0, reason: /broke off/ }
    ]
  ) {
    it.scoped(`reports a connection that is closed with ${code}, and connects again after ${delay} ms`, () =>
      Effect.gen(function*() {
        const sessions = yield* connect
        const call = yield* Effect.fork(Effect.flip(sessions.health))
        yield* last().accept
        yield* last().tell("close", { code, reason: "" })
        const error = yield* Fiber.join(call)
        assert.deepInclude(error, { _tag: "Disconnected", sent: true })
        assert.match(error.message, reason)
        yield* TestClock.adjust("900 millis")
        yield* settled
        assert.lengthOf(PlayedSocket.opened, delay > 900 ? 1 : 2)
        yield* TestClock.adjust("200 millis")
        yield* settled
        assert.lengthOf(PlayedSocket.opened, 2)
      }))
  }

  it.scoped("breaks off after 45 seconds without an answer to a ping or other data", () =>
    Effect.gen(function*() {
      const sessions = yield* connect
      const call = yield* Effect.fork(Effect.flip(sessions.health))
      yield* last().accept
      for (const data of [{ _tag: "Pong" }, failure("7", { _tag: "ShuttingDown", code: "shutting_down" })]) {
        yield* TestClock.adjust("40 seconds")
        yield* last().answer(data)
      }
      yield* TestClock.adjust("44 seconds")
      yield* settled
      assert.isNull(call.unsafePoll())
      assert.isAbove(last().sent.filter(({ _tag }) => _tag === "Ping").length, 4)
      yield* TestClock.adjust("16 seconds")
      assert.deepInclude(yield* Fiber.join(call), { _tag: "Disconnected", sent: true })
    }))

  it.scoped("breaks off when the server never accepts its token", () =>
    Effect.gen(function*() {
      const sessions = yield* connect
      const call = yield* Effect.fork(Effect.flip(sessions.health))
      yield* last().open
      yield* TestClock.adjust("20 seconds")
      assert.deepInclude(yield* Fiber.join(call), { _tag: "Disconnected", sent: false })
    }))

  it.scoped("does not let a stream that is read slowly hold up what comes with it", () =>
    Effect.gen(function*() {
      const sessions = yield* connect
      const started = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const seen: Array<string> = []
      const stream = yield* sessions.session(sessionId).stream("hello").pipe(
        Stream.runForEach((event) =>
          Effect.gen(function*() {
            seen.push(event._tag === "TurnDelta" ? event.text : event._tag)
            yield* Deferred.succeed(started, undefined)
            yield* Deferred.await(goOn)
          })
        ),
        Effect.fork
      )
      const health = yield* Effect.fork(Effect.flip(sessions.health))
      yield* last().accept
      const idOf = (tag: string) => last().sent.findLast((frame) => frame.tag === tag)?.id
      const values = Array.from({ length: 100 }, (_, offset) => ({
        _tag: "TurnDelta",
        turnId,
        offset,
        text: String(offset % 10)
      }))
      yield* last().answer(
        { _tag: "Chunk", requestId: idOf("Stream"), values },
        failure(idOf("Health"), { _tag: "ShuttingDown", code: "shutting_down" })
      )
      yield* Deferred.await(started)
      assert.strictEqual((yield* Fiber.join(health))._tag, "ShuttingDown")
      assert.notInclude(last().sent.map(({ _tag }) => _tag), "Ack")
      yield* Deferred.succeed(goOn, undefined)
      yield* settled
      assert.strictEqual(seen.join(""), "0123456789".repeat(10))
      assert.include(last().sent.map(({ _tag }) => _tag), "Ack")
      yield* Fiber.interrupt(stream)
    }))

  it.scoped("breaks off when it cannot read an answer", () =>
    Effect.gen(function*() {
      const sessions = yield* connect
      const call = yield* Effect.fork(Effect.flip(sessions.health))
      yield* last().accept
      yield* last().tell("message", { data: "<html>\n" })
      assert.match((yield* Fiber.join(call)).message, /did not answer as a session server/)
    }))
})
