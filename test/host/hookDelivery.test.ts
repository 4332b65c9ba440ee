import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, TestClock } from "effect"
import type { SessionEvent } from "../../src/domain/Events.js"
import { UserId } from "../../src/domain/Ids.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { Hook } from "../../src/services/Hook.js"
import { HookBus } from "../../src/services/HookBus.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start } from "./anotherHost.js"

const labels = (events: ReadonlyArray<SessionEvent>) => events.map(({ _tag, number }) => `${number} ${_tag}`)

/** A separate bus with a hook that records all events, and the given ones. */
const busOf = Effect.fnUntraced(function*(...hooks: ReadonlyArray<Hook>) {
  const events: Array<SessionEvent> = []
  const witness: Hook = { name: "witness", on: (event) => Effect.sync(() => events.push(event)) }
  const context = yield* Layer.build(HookBus.layer(witness, ...hooks))
  return { events, bus: yield* Effect.provide(HookBus, context) }
})

/** The bus of a process that is killed before it delivers anything. */
const undelivering = Effect.map(
  HookBus,
  (bus) => HookBus.of({ ...bus, hasHooks: Effect.succeed(true), publish: () => Effect.succeed(false) })
)

/** A manager of a separate runtime, which ends with the scope. */
const managerWith = Effect.fnUntraced(function*(bus: HookBus["Type"]) {
  const context = yield* Layer.build(
    SessionRuntime.layer({ drainTimeout: 0 }).pipe(Layer.provide(Layer.succeed(HookBus, bus)))
  )
  return yield* Effect.provide(SessionManager, context)
})

const mock = { userId: "ada", provider: "mock", model: "mock-model" }

describe("hooks of a session's creation and deletion", () => {
  it.scoped("receive the events at once, in order and once", () =>
    Effect.gen(function*() {
      const { bus, events } = yield* busOf()
      const manager = yield* managerWith(bus)
      const session = yield* manager.create(mock)
      yield* session.send("hello")
      const fork = yield* session.fork({})
      yield* TestClock.adjust(0)
      yield* session.delete
      yield* TestClock.adjust("2 minutes")
      yield* bus.flush
      assert.deepStrictEqual(labels(events.filter(({ sessionId }) => sessionId === session.id)), [
        "1 SessionCreated",
        "2 TurnAccepted",
        "3 MessageSent",
        "4 TurnStarted",
        "5 MessageReceived",
        "6 TurnCompleted",
        "7 SessionDeleted"
      ])
      assert.deepStrictEqual(labels(events.filter(({ sessionId }) => sessionId === fork.id)), ["1 SessionCreated"])
      const store = yield* SessionStore
      assert.deepStrictEqual([yield* store.unfinished, yield* store.deletions(10)], [[], []])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("rows 7, 8: receive the events from a later process when the first one ended right after the commit", () =>
    Effect.gen(function*() {
      const killed = yield* managerWith(yield* undelivering)
      const created = yield* killed.create(mock)
      const forked = yield* created.fork({})
      const deleted = yield* killed.create(mock)
      yield* deleted.delete
      const later = yield* busOf()
      yield* Effect.provideService(anotherHost(), HookBus, later.bus)
      yield* later.bus.flush
      assert.sameMembers(later.events.map(({ _tag, sessionId }) => `${_tag} ${sessionId}`), [
        `SessionDeleted ${deleted.id}`,
        `SessionCreated ${created.id}`,
        `SessionCreated ${forked.id}`
      ])
      const deletion = later.events.find(({ _tag }) => _tag === "SessionDeleted")
      assert.deepInclude(deletion, { userId: UserId.make("ada"), provider: "mock" })
      yield* TestClock.adjust(0)
      const store = yield* SessionStore
      assert.deepStrictEqual(yield* store.deletions(10), [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("leave nothing behind when there are no hooks", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      assert.deepStrictEqual(yield* store.unfinished, [])
      assert.strictEqual((yield* store.get(session.id)).status, "active")
      yield* session.delete
      assert.deepStrictEqual(yield* store.deletions(10), [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("receive a dropped deletion at the host's next sweep", () =>
    Effect.gen(function*() {
      const { bus, events } = yield* busOf()
      // The surrounding runtime shares the store; its hooks must not receive the deletion first.
      const gate = yield* Deferred.make<void>()
      yield* Effect.flatMap(HookBus, (shared) =>
        shared.add({ name: "gated", timeout: "1 day", on: () => Deferred.await(gate) }))
      let drops = true
      const full = HookBus.of({
        ...bus,
        publish: (event, onDelivered) =>
          drops ? Effect.succeed(false) : bus.publish(event, onDelivered)
      })
      const manager = yield* managerWith(full)
      const session = yield* manager.create(mock)
      yield* session.delete
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(events, [])
      drops = false
      yield* TestClock.adjust("2 minutes")
      yield* bus.flush
      assert.deepStrictEqual(labels(events), ["2 SessionDeleted"])
      yield* Deferred.succeed(gate, undefined)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})

/** A hook that fails while `control.broken` is true. */
const failing = (fails: (event: SessionEvent) => boolean = () => true) => {
  const control = { broken: true }
  const received: Array<string> = []
  const hook: Hook = {
    name: "broken",
    retries: 0,
    on: (event) =>
      control.broken && fails(event)
        ? Effect.fail("down: canary")
        : Effect.sync(() => received.push(`${event.number} ${event._tag}`))
  }
  return { control, received, hook }
}

describe("dead letters", () => {
  it.scoped("are listed, counted, and replayed in order", () =>
    Effect.gen(function*() {
      const { control, received, hook } = failing()
      const { bus } = yield* busOf(hook)
      const manager = yield* managerWith(bus)
      const session = yield* manager.create(mock)
      yield* session.send("hello")
      yield* bus.flush
      yield* TestClock.adjust(0)
      const { items } = yield* manager.deadLetters({ hook: "broken" })
      assert.deepStrictEqual(items.map(({ event, number }) => `${number} ${event}`), [
        "1 SessionCreated",
        "2 TurnAccepted",
        "3 MessageSent",
        "4 TurnStarted",
        "5 MessageReceived",
        "6 TurnCompleted"
      ])
      assert.deepInclude(items[0], { hook: "broken", sessionId: session.id, attempts: 1, reason: "failed" })
      assert.notInclude(JSON.stringify(items), "canary")
      assert.strictEqual((yield* manager.health).store.deadLetters, 6)

      const kept = yield* manager.replayDeadLetters({ sessionId: session.id, limit: 2 })
      assert.deepStrictEqual(kept, { delivered: 0, missing: 0, failed: 2, unknown: 0 })
      assert.strictEqual((yield* manager.deadLetters()).items[0]?.attempts, 2)

      control.broken = false
      assert.deepStrictEqual(yield* manager.replayDeadLetters(), { delivered: 6, missing: 0, failed: 0, unknown: 0 })
      assert.deepStrictEqual(received, items.map(({ event, number }) => `${number} ${event}`))
      assert.deepStrictEqual((yield* manager.deadLetters()).items, [])
      assert.strictEqual((yield* manager.health).store.deadLetters, 0)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("of a deletion outlive the session until they are replayed", () =>
    Effect.gen(function*() {
      const { control, received, hook } = failing(({ _tag }) => _tag === "SessionDeleted")
      const { bus } = yield* busOf(hook)
      const manager = yield* managerWith(bus)
      const session = yield* manager.create(mock)
      yield* session.delete
      yield* bus.flush
      yield* TestClock.adjust(0)
      const store = yield* SessionStore
      assert.deepStrictEqual(yield* store.deletions(10), [])
      assert.deepStrictEqual((yield* manager.deadLetters()).items.map(({ event }) => event), ["SessionDeleted"])
      control.broken = false
      assert.strictEqual((yield* manager.replayDeadLetters()).delivered, 1)
      assert.strictEqual(received.at(-1), "2 SessionDeleted")
      assert.strictEqual((yield* store.deletion(session.id))._tag, "None")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("are kept for an unknown hook, and dropped when their message was cleared", () =>
    Effect.gen(function*() {
      const { hook } = failing(({ _tag }) => _tag === "MessageSent" || _tag === "TurnStarted")
      const { bus } = yield* busOf(hook)
      const manager = yield* managerWith(bus)
      const session = yield* manager.create(mock)
      yield* session.send("hello")
      yield* session.clear
      yield* bus.flush
      yield* TestClock.adjust(0)
      const later = yield* managerWith(yield* HookBus)
      assert.deepStrictEqual(yield* later.replayDeadLetters(), { delivered: 0, missing: 1, failed: 0, unknown: 1 })
      assert.deepStrictEqual((yield* later.deadLetters()).items.map(({ event }) => event), ["TurnStarted"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("row 8: are neither lost nor duplicated, wherever the process ends", () =>
    Effect.gen(function*() {
      const { hook } = failing()
      const first = yield* busOf(hook)
      const manager = yield* managerWith(first.bus)
      const session = yield* manager.create(mock)
      yield* session.send("hello")
      // Some are stored; some are only in the memory of a process that the next one does not wait for.
      for (const _ of [1, 2, 3]) {
        const { bus } = yield* busOf(hook)
        const { host } = yield* Effect.provideService(anotherHost(), HookBus, bus)
        yield* host.updateContext(session.id, { user: { again: true } })
      }
      const last = yield* busOf(hook)
      yield* Effect.provideService(anotherHost(), HookBus, last.bus)
      yield* last.bus.flush
      yield* TestClock.adjust("2 minutes")
      const store = yield* SessionStore
      const { items } = yield* store.deadLetters({})
      assert.deepStrictEqual(items.map(({ number }) => number).toSorted((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9])
      assert.deepStrictEqual(yield* store.unfinished, [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
