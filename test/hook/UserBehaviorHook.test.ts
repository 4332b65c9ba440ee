// A hook may fail with any error.
// @effect-diagnostics anyUnknownInErrorContext:off
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SessionId } from "../../src/domain/Ids.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import * as UserBehaviorHook from "../../src/layers/hook/UserBehaviorHook.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { now, session } from "../domain/conversation.js"
import { created, received, sent } from "./events.js"

const watching = (options?: UserBehaviorHook.UserBehaviorHookOptions) => {
  const flags: Array<UserBehaviorHook.BehaviorFlag> = []
  const observations: Array<UserBehaviorHook.UserObservation> = []
  return Effect.map(
    UserBehaviorHook.make({
      ...options,
      onFlag: (flag) => Effect.sync(() => flags.push(flag)),
      onObservation: (observation) => Effect.sync(() => observations.push(observation))
    }),
    ({ on }) => ({ on, flags, observations })
  )
}

const storeSession = (id: string) =>
  Effect.flatMap(
    SessionStore,
    (store) => store.create({ ...session, id: SessionId.make(id) }, makeSessionContext(SessionId.make(id), now))
  )

describe("UserBehaviorHook", () => {
  it.effect("counts a user's active sessions, and flags too many", () =>
    Effect.gen(function*() {
      const { flags, observations, on } = yield* watching({ maxConcurrentSessions: 1 })
      yield* storeSession("session")
      yield* on(created)
      assert.deepStrictEqual(flags, [])
      yield* storeSession("other")
      yield* on(created)
      assert.deepInclude(flags[0], { kind: "concurrentSessions", userId: session.userId, value: 2, limit: 1 })
      const counted = observations.map((one) => one.kind === "sessionStarted" && one.concurrentSessions)
      assert.deepStrictEqual(counted, [1, 2])
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("observes the length of a message and whether it contains code or a URL, not its text", () =>
    Effect.gen(function*() {
      yield* storeSession("session")
      const { observations, on } = yield* watching()
      yield* on(sent("canary"))
      yield* on(sent("see https://example.com/canary"))
      yield* on(sent("```canary```"))
      yield* on(received(1))
      assert.deepStrictEqual(
        observations.map((one) => one.kind === "messageSent" && [one.length, one.containsCode, one.containsUrl]),
        [[6, false, false], [30, false, true], [12, true, false]]
      )
      assert.notInclude(JSON.stringify(observations), "canary")
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("flags a user above the message rate, once until it is back within the limit", () =>
    Effect.gen(function*() {
      yield* storeSession("session")
      const { flags, on } = yield* watching({ maxMessagesPerMinute: 2 })
      yield* Effect.forEach([0, 1, 2, 3, 30], (second) => on(sent("hello", second)))
      assert.deepStrictEqual(flags.map(({ kind, limit, value }) => [kind, value, limit]), [["messageRate", 3, 2]])
      yield* Effect.forEach([100, 101, 102], (second) => on(sent("hello", second)))
      assert.strictEqual(flags.length, 2)
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("flags a message that is much longer than usual for the user", () =>
    Effect.gen(function*() {
      yield* storeSession("session")
      const { flags, on } = yield* watching({ maxMessagesPerMinute: 1000 })
      const long = "x".repeat(1001)
      yield* Effect.forEach(Array.from({ length: 19 }), () => on(sent("hello")))
      yield* on(sent("hello"))
      assert.deepStrictEqual(flags, [])
      yield* on(sent(long.slice(1)))
      assert.deepStrictEqual(flags, [])
      const fresh = yield* watching({ maxMessagesPerMinute: 1000 })
      yield* Effect.forEach(Array.from({ length: 20 }), () => fresh.on(sent("hello")))
      yield* fresh.on(sent(long))
      assert.deepInclude(fresh.flags[0], { kind: "messageLength", value: 1001, limit: 1000 })
    }).pipe(Effect.provide(MemorySessionStore.layer())))
})
