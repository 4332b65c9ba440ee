import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream, TestClock } from "effect"
import type { ServerResponse } from "node:http"
import { vi } from "vitest"
import type { AnthropicProviderOptions } from "../../../src/layers/provider/AnthropicProvider.js"
import type { ProviderEvent } from "../../../src/services/Provider.js"
import { asking } from "../../domain/conversation.js"
import { toWire } from "../../vendor/answers.js"
import { replyEvents, toEvent } from "../../vendor/anthropic/replyEvents.js"
import { answerReply, makeAnthropicServer, requestId } from "../../vendor/AnthropicServer.js"
import type { LoopbackServer } from "../../vendor/LoopbackServer.js"
import { finishedOf, reply, respond, textOf } from "./anthropic.js"

const begun = replyEvents().slice(0, 4)
const beginning = "Hel"

/** Makes a call in the background and collects what it has emitted so far. */
const start = Effect.fnUntraced(function*(server: LoopbackServer, options: Partial<AnthropicProviderOptions> = {}) {
  const seen: Array<ProviderEvent> = []
  const hasBegun = yield* Deferred.make<void>()
  const fiber = yield* Effect.fork(
    Stream.runForEach(respond(server, asking("Hi"), {}, options), (event) =>
      Effect.suspend(() => {
        seen.push(event)
        return event._tag === "TextDelta" ? Deferred.succeed(hasBegun, undefined) : Effect.void
      }))
  )
  return { fiber, seen, hasBegun: Deferred.await(hasBegun), error: Effect.flip(Fiber.join(fiber)) }
})

/**
 * Takes the next request: `arrived` gives its response, for the test to answer unless `answer` does, and `closed` waits until
 * its connection is closed. Other connections do not count: after an abort Node opens another one and leaves it idle for
 * seconds.
 */
const takeNext = Effect.fnUntraced(
  function*(server: LoopbackServer, answer: (response: ServerResponse) => void = () => {}) {
    const arrived = yield* Deferred.make<ServerResponse>()
    const closed = yield* Deferred.make<void>()
    server.next((_, response) => {
      response.once("close", () => Deferred.unsafeDone(closed, Effect.void))
      Deferred.unsafeDone(arrived, Effect.succeed(response))
      answer(response)
    })
    return { arrived: Deferred.await(arrived), closed: Deferred.await(closed) }
  }
)

describe("AnthropicProvider", () => {
  describe("rows 38, 46:", () => {
    it.scoped("closes the connection when there is no answer within 60 seconds", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const next = yield* takeNext(server)
        const call = yield* start(server)
        yield* next.arrived
        yield* TestClock.adjust("59 seconds")
        assert.isNull(call.fiber.unsafePoll())
        yield* TestClock.adjust("1 seconds")
        const error = yield* call.error
        assert(error._tag === "ProviderProtocol")
        assert.include(error.reason, "no answer within 1m")
        yield* next.closed
        assert.deepStrictEqual(call.seen, [])
      }))

    it.scoped("closes the connection when an error's body does not arrive", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const next = yield* takeNext(server)
        const call = yield* start(server, { firstByteTimeout: "5 seconds" })
        const response = yield* next.arrived
        response.writeHead(500, { "content-type": "application/json" })
        response.flushHeaders()
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* call.error)._tag, "ProviderProtocol")
        yield* next.closed
      }))
  })

  describe("row 39:", () => {
    it.scoped("fails after 30 seconds without data, and keeps what has arrived", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const next = yield* takeNext(server, (response) => answerReply(response, begun, { ending: "stall" }))
        const call = yield* start(server)
        yield* call.hasBegun
        yield* TestClock.adjust("29 seconds")
        assert.isNull(call.fiber.unsafePoll())
        yield* TestClock.adjust("1 seconds")
        const error = yield* call.error
        assert(error._tag === "ProviderProtocol")
        assert.include(error.reason, "no data for 30s")
        assert.strictEqual(textOf(call.seen), beginning)
        assert.isTrue(call.seen.some(({ _tag }) => _tag === "Usage"))
        yield* next.closed
      }))

    it.scoped("counts pings as data", () =>
      Effect.gen(function*() {
        const arrivals = yield* observedArrivals
        const server = yield* makeAnthropicServer()
        const { arrived } = yield* takeNext(server)
        const call = yield* start(server)
        const response = yield* arrived
        answerReply(response, begun, { ending: "stall" })
        yield* call.hasBegun
        for (let pings = 0; pings < 5; pings++) {
          yield* TestClock.adjust("20 seconds")
          const ping = arrivals.next()
          response.write(toWire([toEvent({ type: "ping" })]))
          yield* Effect.promise(() => ping)
        }
        assert.isNull(call.fiber.unsafePoll())
        response.end(toWire(replyEvents().slice(4)))
        yield* Fiber.join(call.fiber)
        assert.strictEqual(textOf(call.seen), "Hello!")
      }))
  })

  describe("row 40:", () => {
    const whole = toWire(replyEvents())
    it.scoped.each<[string, string, "end" | "reset"]>([
      ["ends before the end of the reply", toWire(begun), "end"],
      ["is reset", toWire(begun), "reset"],
      ["ends with all but the last event", toWire(replyEvents().slice(0, -1)), "end"],
      ["ends within the last event", whole.slice(0, -8), "end"]
    ])("fails when a stream %s, and keeps what has arrived", ([, events, ending]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, events, { ending }))
        const call = yield* start(server)
        assert.strictEqual((yield* call.error)._tag, "ProviderProtocol")
        assert.isTrue(textOf(call.seen).startsWith(beginning))
        assert.isUndefined(finishedOf(call.seen))
      }))

    it.scoped("fails when a stream ends before the first event", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, []))
        const call = yield* start(server)
        assert.strictEqual((yield* call.error)._tag, "ProviderProtocol")
        assert.deepStrictEqual(call.seen, [{ _tag: "Identified", requestId }])
      }))

    it.scoped("completes with the last event, whatever happens to the connection", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const next = yield* takeNext(server, (response) => answerReply(response, replyEvents(), { ending: "stall" }))
        assert.isDefined(finishedOf(yield* reply(server, asking("Hi"))))
        yield* next.closed
      }))
  })

  describe("row 41:", () => {
    const text = "Grüße 🌍 👩‍👩‍👧 \u2028 ﷽"
    const events = replyEvents({ blocks: [{ type: "text", text }] })

    it.scoped.each<[string, string, number?]>([
      ["split at every byte", toWire(events), 1],
      ["with CRLF, split at every byte", toWire(events, "\r\n"), 1],
      ["with a byte order mark", `\ufeff${toWire(events)}`],
      ["with comments and unknown fields", `: hi\nretry: 5\nid: 7\n${toWire(events)}`],
      ["with events without a name", `data: {"type":"nameless"}\n\n${toWire(events)}`],
      ["with data in several lines", toWire(events).replace("data: {", "data: {\ndata: ")]
    ])("reads a stream %s", ([, wire, packet]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, wire, packet === undefined ? {} : { packet }))
        const events = yield* reply(server, asking("Hi"))
        assert.strictEqual(textOf(events), text)
        assert.strictEqual(finishedOf(events)?.reason, "complete")
      }))

    it.scoped.each<[string, string]>([
      ["broken JSON", "event: message_delta\ndata: {\"canary\n\n"],
      ["null", "event: message_delta\ndata: null\n\n"],
      ["an event without a type", "event: message_delta\ndata: {\"canary\":1}\n\n"],
      ["an invalid delta", toWire([toEvent({ type: "content_block_delta", index: 0, delta: "canary" })])],
      ["an invalid block", toWire([toEvent({ type: "content_block_start", index: "canary" })])],
      ["a start without a message", toWire([toEvent({ type: "message_start" })])],
      ["an invalid stop_reason", toWire([toEvent({ type: "message_delta", delta: { stop_reason: 7 } })])],
      ["a second end", toWire([toEvent({ type: "message_stop" })])]
    ])("fails on %s, without repeating it", ([, wire]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, toWire(begun) + wire + toWire(replyEvents().slice(4))))
        const call = yield* start(server)
        const error = yield* call.error
        assert(error._tag === "ProviderProtocol")
        assert.notInclude(JSON.stringify(error) + error.message, "canary")
        assert.strictEqual(textOf(call.seen), beginning)
      }))

    it.scoped("fails on an answer that is not a stream", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => response.end("<html>canary</html>"))
        assert.strictEqual((yield* Effect.flip(reply(server, asking("Hi"))))._tag, "ProviderProtocol")
      }))

    it.scoped("fails on a line of 10 MB", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const line = `event: x\ndata: ${"x".repeat(10 * 1024 * 1024)}\n\n`
        const wire = line + toWire(replyEvents())
        const next = yield* takeNext(server, (response) => answerReply(response, wire, { packet: 64 * 1024 }))
        const error = yield* Effect.flip(reply(server, asking("Hi")))
        assert(error._tag === "ProviderProtocol")
        assert.include(error.reason, "a line of the reply is longer than")
        yield* next.closed
      }))
  })

  it.scoped("row 43: fails on an endless reply, and closes its connection", () =>
    Effect.gen(function*() {
      const server = yield* makeAnthropicServer()
      const next = yield* takeNext(server, (response) => {
        answerReply(response, begun, { ending: "stall" })
        const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "la ".repeat(1000) } }
        const sing = () => void response.write(toWire([toEvent(delta)]), (failed) => failed ?? setImmediate(sing))
        sing()
      })
      const call = yield* start(server, { maxReplyBytes: 100_000 })
      const error = yield* call.error
      assert(error._tag === "ProviderProtocol")
      assert.include(error.reason, "the reply is longer than 100000 bytes")
      assert.isBelow(textOf(call.seen).length, 100_000)
      yield* next.closed
    }))

  it.scoped("closes the connection when a call is interrupted, before and during the answer", () =>
    Effect.gen(function*() {
      const server = yield* makeAnthropicServer()
      const first = yield* takeNext(server)
      const waiting = yield* start(server)
      yield* first.arrived
      yield* Fiber.interrupt(waiting.fiber)
      yield* first.closed

      const second = yield* takeNext(server, (response) => answerReply(response, begun, { ending: "stall" }))
      const reading = yield* start(server)
      yield* reading.hasBegun
      yield* Fiber.interrupt(reading.fiber)
      yield* second.closed
    }))
})

/** Tells when the next bytes have arrived at the adapter, since a ping has no other visible effect. */
const observedArrivals = Effect.gen(function*() {
  const { fetch } = globalThis
  let waiting: (() => void) | undefined
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const response = await fetch(input, init)
    const tap = new TransformStream<Uint8Array, Uint8Array>({
      transform: (bytes, controller) => {
        controller.enqueue(bytes)
        if (waiting) setImmediate(waiting)
      }
    })
    const { headers, status } = response
    return new Response(response.body?.pipeThrough(tap) ?? null, { headers, status })
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => spy.mockRestore()))
  return {
    next: () =>
      new Promise<void>((resolve) => {
        waiting = resolve
      })
  }
})
