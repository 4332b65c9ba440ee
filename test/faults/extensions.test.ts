import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { HookBus } from "../../src/services/HookBus.js"
import { type Middleware } from "../../src/services/Middleware.js"
import { MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { start } from "../host/anotherHost.js"
import { untyped } from "../middleware/untyped.js"

/** Runs a turn with this middleware, and a turn of another session without it. */
const turnsWith = (turn: NonNullable<Middleware["turn"]>) =>
  Effect.gen(function*() {
    const [session, other] = [yield* start, yield* start]
    yield* Effect.flatMap(MiddlewarePipeline, (pipeline) =>
      pipeline.add({ name: "broken", turn, when: (context) => context.session.id === session.id }))
    const send = yield* Effect.fork(Effect.flip(session.send("Hi")))
    assert.strictEqual((yield* other.send("Hi")).text, "You said: Hi")
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual((yield* Fiber.join(send))._tag, "MiddlewareError")
    const [turn1] = yield* session.turns
    assert.strictEqual(turn1?.status, "failed")
  }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()))

describe("extensions that misbehave", () => {
  it.effect.each<[string, NonNullable<Middleware["turn"]>]>([
    ["fails", () => new MiddlewareRefusal({ reason: "no" })],
    ["throws", () => {
      throw new Error("thrown")
    }],
    ["dies", () => Effect.die("dead")],
    ["hangs", () => Effect.never],
    ["interrupts itself", () => Effect.interrupt]
  ])("row 47: middleware that %s fails only its own turn", ([, turn]) => turnsWith(turn))

  it.effect.each<[string, NonNullable<Middleware["turn"]>]>([
    ["nothing", () => Effect.succeed(untyped(undefined))],
    ["another session", (request) => Effect.succeed({ ...request, sessionId: untyped("another") })],
    ["another turn", (request) => Effect.succeed({ ...request, turnId: untyped("another") })],
    ["a request that it changed in place", (request) => Effect.sync(() => Object.assign(request, { messages: [] }))]
  ])("row 48: middleware that returns %s fails only its own turn", ([, turn]) => turnsWith(turn))

  it.effect.each<[string, () => Effect.Effect<void, unknown>]>([
    ["fails", () => Effect.fail("no")],
    ["throws", () => {
      throw new Error("thrown")
    }],
    ["dies", () => Effect.die("dead")],
    ["hangs", () => Effect.never]
  ])("row 50: a hook that %s does not affect the turn", ([, on]) =>
    Effect.gen(function*() {
      const sane = yield* start
      yield* sane.send("Hi")
      yield* Effect.flatMap(HookBus, (bus) => bus.add({ name: "broken", on, retries: 0, timeout: "1 second" }))
      const session = yield* start
      // The test clock does not advance, and the events are the same as without the hook.
      assert.strictEqual((yield* session.send("Hi")).text, "You said: Hi")
      const store = yield* SessionStore
      const tags = (id: typeof session.id) =>
        Effect.map(store.events(id, 0, 100), (events) => events.map(({ _tag }) => _tag))
      assert.deepStrictEqual(yield* tags(session.id), yield* tags(sane.id))
      const flush = yield* Effect.fork(Effect.flatMap(HookBus, (bus) => bus.flush))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(flush)
      yield* TestClock.adjust("1 minute")
      const { store: { deadLetters } } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.health)
      assert.strictEqual(deadLetters, 6)
    }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest())))
})
