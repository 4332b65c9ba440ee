import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Scope, TestClock } from "effect"
import type { SessionEvent } from "../../src/domain/Events.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { HookBus } from "../../src/services/HookBus.js"
import { anotherHost, start } from "./anotherHost.js"

/** A separate bus with a hook that records all events. */
const recordingBus = Effect.gen(function*() {
  const events: Array<SessionEvent> = []
  const context = yield* Layer.build(
    HookBus.layer({ name: "recorder", on: (event) => Effect.sync(() => events.push(event)) })
  )
  return { events, bus: yield* Effect.provide(HookBus, context) }
})

const numbers = (events: ReadonlyArray<SessionEvent>) => events.map(({ number }) => number)

describe("hooks", () => {
  it.scoped("row 7: receive again, from a later process, the events that an earlier one did not complete", () =>
    Effect.gen(function*() {
      const session = yield* start
      const stuck = yield* Deferred.make<void>()
      const released = yield* Deferred.make<void>()
      const bus = yield* HookBus
      yield* bus.add({
        name: "stuck",
        timeout: "1 day",
        on: ({ _tag }) =>
          _tag === "TurnStarted"
            ? Effect.zipRight(Deferred.succeed(stuck, undefined), Deferred.await(released))
            : Effect.void
      })
      yield* session.send("hello")
      yield* Deferred.await(stuck)
      const later = yield* recordingBus
      yield* Effect.provideService(anotherHost(), HookBus, later.bus)
      yield* later.bus.flush
      // How far the first one got was not stored, since nothing was committed after that.
      assert.includeMembers(numbers(later.events), [4, 5, 6])
      assert.deepStrictEqual(numbers(later.events), numbers(later.events).toSorted((a, b) => a - b))
      assert.strictEqual((yield* session.messages()).items.length, 2)
      yield* Deferred.succeed(released, undefined)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("receive no event again after their session was passivated", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("hello")
      yield* TestClock.adjust("2 minutes")
      const later = yield* recordingBus
      const { host } = yield* Effect.provideService(anotherHost(), HookBus, later.bus)
      yield* host.updateContext(session.id, { user: { a: 1 } })
      yield* later.bus.flush
      assert.deepStrictEqual(later.events.map(({ _tag }) => _tag), ["ContextUpdated"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("receive no event again after a clean shutdown", () =>
    Effect.gen(function*() {
      const session = yield* start
      const earlier = yield* recordingBus
      const scope = yield* Scope.make()
      const { host } = yield* Scope.extend(Effect.provideService(anotherHost(), HookBus, earlier.bus), scope)
      yield* host.send(session.id, { content: "hello" })
      yield* earlier.bus.flush
      yield* Scope.close(scope, Exit.void)
      const later = yield* recordingBus
      yield* Effect.provideService(anotherHost(), HookBus, later.bus)
      yield* later.bus.flush
      assert.deepStrictEqual(numbers(earlier.events), [2, 3, 4, 5, 6])
      assert.deepStrictEqual(later.events, [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("receive dropped events once their session is idle, which is passivated only after that", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { bus, events } = yield* recordingBus
      let drops = true
      const full = HookBus.of({
        ...bus,
        publish: (event, onDelivered) =>
          drops && event._tag === "TurnStarted" ? Effect.succeed(false) : bus.publish(event, onDelivered)
      })
      const { host } = yield* Effect.provideService(anotherHost(), HookBus, full)
      yield* host.send(session.id, { content: "hello" })
      yield* TestClock.adjust("1 minute")
      assert.notInclude(events.map(({ _tag }) => _tag), "TurnStarted")
      assert.strictEqual((yield* host.stats).activeSessions, 1)
      drops = false
      yield* TestClock.adjust("1 minute")
      yield* bus.flush
      assert.include(events.map(({ _tag }) => _tag), "TurnStarted")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* host.stats).activeSessions, 0)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("receive from a later process all events that the first one never delivered", () =>
    Effect.gen(function*() {
      const session = yield* start
      const undelivering = HookBus.of({ ...(yield* HookBus), publish: () => Effect.succeed(false) })
      const { host } = yield* Effect.provideService(anotherHost(), HookBus, undelivering)
      yield* host.send(session.id, { content: "hello" })
      const later = yield* recordingBus
      yield* Effect.provideService(anotherHost(), HookBus, later.bus)
      yield* later.bus.flush
      assert.deepStrictEqual(numbers(later.events), [2, 3, 4, 5, 6])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
