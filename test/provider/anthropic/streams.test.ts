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

/** A call under way, and what it has shown so far. */
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
 * What becomes of the next request: `arrived` has its response, which is the test's unless it is answered here, and `closed`
 * waits until its connection is. (Others do not count: after an abort Node opens another one, and leaves it idle for seconds.)
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
    it.scoped("a vendor that does not answer is given up after a minute, and its late answer is nobody's", () =>
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

    it.scoped("so is one that sends an error's headers and then nothing", () =>
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
    it.scoped("a vendor that falls silent is cut after half a minute, and what it had said stays", () =>
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

    it.scoped("its pings are signs of life", () =>
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
      ["ends within the last event", whole.slice(0, -1), "end"]
    ])("a stream that %s is broken, and what it had said stays", ([, events, ending]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, events, { ending }))
        const call = yield* start(server)
        assert.strictEqual((yield* call.error)._tag, "ProviderProtocol")
        assert.isTrue(textOf(call.seen).startsWith(beginning))
        assert.isUndefined(finishedOf(call.seen))
      }))

    it.scoped("a stream that ends before it begins is broken too", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, []))
        const call = yield* start(server)
        assert.strictEqual((yield* call.error)._tag, "ProviderProtocol")
        assert.deepStrictEqual(call.seen, [{ _tag: "Identified", requestId }])
      }))

    it.scoped("a reply is whole with its last event, whatever the connection does then", () =>
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
      ["with comments and fields that it does not know", `: hi\nretry: 5\nid: 7\n${toWire(events)}`],
      ["with events without a name", `data: {"type":"nameless"}\n\n${toWire(events)}`],
      ["with data in several lines", toWire(events).replace("data: {", "data: {\ndata: ")]
    ])("a stream %s is read as it is meant", ([, wire, packet]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, wire, packet === undefined ? {} : { packet }))
        const events = yield* reply(server, asking("Hi"))
        assert.strictEqual(textOf(events), text)
        assert.strictEqual(finishedOf(events)?.reason, "complete")
      }))

    it.scoped.each<[string, string]>([
      ["broken JSON", "event: message_delta\ndata: {\"canary\n\n"],
      ["no object", "event: message_delta\ndata: null\n\n"],
      ["an event without a type", "event: message_delta\ndata: {\"canary\":1}\n\n"],
      ["a delta that is none", toWire([toEvent({ type: "content_block_delta", index: 0, delta: "canary" })])],
      ["a block that is none", toWire([toEvent({ type: "content_block_start", index: "canary" })])],
      ["a start without a message", toWire([toEvent({ type: "message_start" })])],
      ["a reason that is no word", toWire([toEvent({ type: "message_delta", delta: { stop_reason: 7 } })])],
      ["another end", toWire([toEvent({ type: "message_stop" })])]
    ])("%s is an error, and is not repeated", ([, wire]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => answerReply(response, toWire(begun) + wire + toWire(replyEvents().slice(4))))
        const call = yield* start(server)
        const error = yield* call.error
        assert(error._tag === "ProviderProtocol")
        assert.notInclude(JSON.stringify(error) + error.message, "canary")
        assert.strictEqual(textOf(call.seen), beginning)
      }))

    it.scoped("an answer that is no stream is an error", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) => response.end("<html>canary</html>"))
        assert.strictEqual((yield* Effect.flip(reply(server, asking("Hi"))))._tag, "ProviderProtocol")
      }))

    it.scoped("a line of 10 MB is cut", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const line = `event: x\ndata: ${"x".repeat(10 * 1024 * 1024)}\n\n`
        const wire = line + toWire(replyEvents())
        const next = yield* takeNext(server, (response) => answerReply(response, wire, { packet: 64 * 1024 }))
        const error = yield* Effect.flip(reply(server, asking("Hi")))
        assert(error._tag === "ProviderProtocol")
        assert.include(error.reason, "a line of more than")
        yield* next.closed
      }))
  })

  it.scoped("row 43: an endless reply is cut, and its connection closed", () =>
    Effect.gen(function*() {
      const server = yield* makeAnthropicServer()
      const next = yield* takeNext(server, (response) => {
        answerReply(response, begun, { ending: "stall" })
        const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "la ".repeat(1000) } }
        const sing = () => void response.write(toWire([toEvent(delta)]), (failed) => failed ?? setImmediate(sing))
        sing()
      })
      const call = yield* start(server, { maxReplyBytes: 1_000_000 })
      const error = yield* call.error
      assert(error._tag === "ProviderProtocol")
      assert.include(error.reason, "more than 1000000 bytes")
      assert.isBelow(textOf(call.seen).length, 1_000_000)
      yield* next.closed
    }))

  it.scoped("closes the connection when it is interrupted, before the answer and within it", () =>
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

/** When the next bytes have come to the adapter: of a ping, nothing else shows it. */
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
