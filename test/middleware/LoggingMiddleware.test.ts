import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, LogLevel } from "effect"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import * as LoggingMiddleware from "../../src/layers/middleware/LoggingMiddleware.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { message, now, request, session, sessionId, turnId } from "../domain/conversation.js"
import { start } from "../host/anotherHost.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { eachStage } from "./pipeline.js"

const context = { session, context: makeSessionContext(sessionId, now) }

const layer = (options?: LoggingMiddleware.LoggingMiddlewareOptions) =>
  LoggingMiddleware.layer(options).pipe(
    Layer.provideMerge(MiddlewarePipeline.layer({
      name: "redact",
      priority: -1000,
      admission: ({ metadata }) => Effect.succeed({ metadata, parts: [{ _tag: "Text", text: "[redacted]" }] })
    }))
  )

/** Runs one message through all stages, and returns the log lines. */
const conversation = (options?: LoggingMiddleware.LoggingMiddlewareOptions) =>
  withCapturedLogs((lines) =>
    Effect.gen(function*() {
      const pipeline = eachStage(yield* MiddlewarePipeline)
      const prompt = { parts: [{ _tag: "Text" as const, text: "canary" }], metadata: {} }
      const asked = request(message(1, "system", "be brief"), message(2, "user", "canary"))
      const reply = {
        parts: [{ _tag: "Text" as const, text: "a\n\u001b[2Jcanary\u202E" }],
        finishReason: "complete" as const,
        metadata: {}
      }
      yield* pipeline.admission(prompt, context)
      assert.strictEqual(yield* pipeline.turn(asked, context), asked)
      assert.isTrue(pipeline.mayStream(context))
      assert.strictEqual(yield* pipeline.reply(reply, context), reply)
      return lines
    }).pipe(Effect.provide(layer(options)))
  )

describe("LoggingMiddleware", () => {
  it.effect("logs a line for each stage, without text", () =>
    Effect.gen(function*() {
      const lines = yield* conversation()
      assert.deepStrictEqual(lines.map(({ annotations, level, message }) => ({ annotations, level, message })), [
        { level: "Info", message: "Message admitted", annotations: { sessionId, length: 10 } },
        {
          level: "Info",
          message: "Provider called",
          annotations: { sessionId, turnId, messages: 2, role: "user", length: 6 }
        },
        {
          level: "Info",
          message: "Reply received",
          annotations: { sessionId, role: "assistant", finishReason: "complete", length: 13 }
        }
      ])
      assert.notInclude(JSON.stringify(lines), "canary")
    }))

  it.effect("logs the text with content: true, as other middleware left it, on one escaped line", () =>
    Effect.gen(function*() {
      const lines = yield* conversation({ content: true })
      assert.deepStrictEqual(lines.map(({ annotations }) => annotations["content"]), [
        "[redacted]",
        "canary",
        "a\\u000a\\u001b[2Jcanary\\u202e"
      ])
    }))

  it.effect("row 82: logs at most maxContent characters, and the length of the whole text", () =>
    Effect.gen(function*() {
      const lines = yield* conversation({ content: true, maxContent: 3 })
      assert.deepStrictEqual(lines.map(({ annotations }) => [annotations["content"], annotations["length"]]), [
        ["[re", 10],
        ["can", 6],
        ["a\\u000a\\u001b", 13]
      ])
    }))

  it.scoped("does not keep a provider from holding the conversation", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.add(LoggingMiddleware.make()))
      const session = yield* start
      yield* session.send("one")
      yield* session.send("two")
      const requests = yield* Effect.flatMap(MockProvider, (mock) => mock.requests)
      assert.deepStrictEqual(requests.map(({ hold }) => hold && (hold.known?.seq ?? "new")), ["new", 2])
    }).pipe(Effect.provide(SessionRuntime.layerTest({ capabilities: { conversation: "cursor" } }))))

  it.effect("logs at the configured level", () =>
    Effect.gen(function*() {
      const lines = yield* conversation({ level: LogLevel.Debug })
      assert.deepStrictEqual(lines.map(({ level }) => level), ["Debug", "Debug", "Debug"])
    }))

  it.effect("fails on a second one in a pipeline", () =>
    Effect.gen(function*() {
      const twice = LoggingMiddleware.layer().pipe(Layer.provide(layer()))
      const error = yield* Effect.flip(Layer.build(twice))
      assert.include(error.message, "two middleware are named \"logging\"")
    }).pipe(Effect.scoped))
})
