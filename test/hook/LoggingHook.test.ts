import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, LogLevel } from "effect"
import type { SessionEvent } from "../../src/domain/Events.js"
import { UserId } from "../../src/domain/Ids.js"
import * as LoggingHook from "../../src/layers/hook/LoggingHook.js"
import { HookBus } from "../../src/services/HookBus.js"
import { message, now, sessionId } from "../domain/conversation.js"
import { withCapturedLogs } from "../middleware/capturedLogs.js"

const events: ReadonlyArray<SessionEvent> = [
  { _tag: "MessageSent", sessionId, number: 1, at: now, message: message(1, "user", "canary") },
  { _tag: "SessionErrored", sessionId, number: 1, at: now, reason: "canary" },
  { _tag: "SessionDeleted", sessionId, number: 1, at: now, userId: UserId.make("ada"), provider: "mock" }
]

const layer = (options?: LoggingHook.LoggingHookOptions) =>
  LoggingHook.layer(options).pipe(Layer.provideMerge(HookBus.layer()))

const logged = (options?: LoggingHook.LoggingHookOptions) =>
  withCapturedLogs((lines) =>
    Effect.gen(function*() {
      const bus = yield* HookBus
      yield* Effect.forEach(events, (event) => bus.publish(event))
      yield* bus.flush
      return lines
    }).pipe(Effect.provide(layer(options)))
  )

describe("LoggingHook", () => {
  it.effect("logs the tag and session of each event, without text", () =>
    Effect.gen(function*() {
      const lines = yield* logged()
      assert.deepStrictEqual(lines.map(({ annotations, level, message }) => ({ annotations, level, message })), [
        { level: "Info", message: "MessageSent", annotations: { sessionId } },
        { level: "Info", message: "SessionErrored", annotations: { sessionId } },
        { level: "Info", message: "SessionDeleted", annotations: { sessionId } }
      ])
      assert.notInclude(JSON.stringify(lines), "canary")
    }))

  it.effect("logs at the configured level", () =>
    Effect.gen(function*() {
      const lines = yield* logged({ level: LogLevel.Trace })
      assert.deepStrictEqual(lines.map(({ level }) => level), ["Trace", "Trace", "Trace"])
    }))

  it.effect("fails on a second one in a bus", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(LoggingHook.layer().pipe(Layer.provide(layer()))))
      assert.include(error.message, "two hooks are named \"logging\"")
    }).pipe(Effect.scoped))
})
