import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, TestClock } from "effect"
import type { SessionId } from "../../src/domain/Ids.js"
import type { OnUnknown } from "../../src/domain/Turn.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { listening } from "./listening.js"
import { script, shown } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

/** A turn whose text "one two" is stored as a draft, and "three" is not. */
const drafted = (onUnknown: OnUnknown) =>
  Effect.gen(function*() {
    const session = yield* start
    const store = yield* SessionStore
    const { reply, say } = yield* spokenReply
    yield* script(reply)
    const stream = yield* listening(session.stream({ content: "hello", onUnknown }))
    yield* say("one ")
    yield* stream.until(({ _tag }) => _tag === "TurnDelta")
    yield* TestClock.adjust("1 second")
    yield* say("two ")
    yield* stream.until((event) => event._tag === "TurnDelta" && event.text === "two ")
    // It is stored even if no more text arrives.
    yield* TestClock.adjust("1 second")
    yield* session.pending
    const [{ draft } = {}] = yield* store.turns(session.id, 1)
    assert.strictEqual(draft, "one two ")
    yield* say("three")
    yield* stream.until((event) => event._tag === "TurnDelta" && event.text === "three")
    return session
  })

/** Everything readable of a session, except what differs for each owner. */
const stateOf = (id: SessionId) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const [session, { items }, turns, events, metrics] = yield* Effect.all([
      store.get(id),
      store.messages(id, { rewound: true }),
      store.turns(id, 99),
      store.events(id, 0, 999),
      store.metrics(id)
    ])
    return { session, items, turns, events, metrics }
  })

describe("a later owner", () => {
  it.scoped("ends a running turn as interrupted, with the stored draft of its reply", () =>
    Effect.gen(function*() {
      const session = yield* drafted("interrupt")
      yield* anotherHost()
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [
        [undefined, "hello"],
        ["cut", "one two "]
      ])
      const [turn] = yield* session.turns
      assert.deepStrictEqual([turn?.status, turn?.error?._tag, turn?.replySeq, turn?.draft], [
        "interrupted",
        "TurnInterrupted",
        2,
        undefined
      ])
      assert.lengthOf(yield* shown, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("calls the provider again for a turn with onUnknown: retry, without repeating its question", () =>
    Effect.gen(function*() {
      const session = yield* drafted("retry")
      const { host } = yield* anotherHost()
      yield* host.send(session.id, { content: "next" })
      assert.deepStrictEqual(yield* texts(session.id), ["hello", "You said: hello", "next", "You said: next"])
      assert.deepStrictEqual((yield* shown).slice(0, 2), [["hello"], ["hello"]])
      const [, turn] = yield* session.turns
      assert.deepStrictEqual([turn?.status, turn?.attempt, turn?.promptSeq, turn?.replySeq], ["completed", 2, 1, 2])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("finds nothing to recover after another owner recovered it", () =>
    Effect.gen(function*() {
      const session = yield* drafted("interrupt")
      const stored: Array<unknown> = []
      for (let run = 0; run < 3; run++) {
        const scope = yield* Scope.make()
        yield* Scope.extend(anotherHost(), scope)
        yield* Scope.close(scope, Exit.void)
        stored.push(yield* stateOf(session.id))
      }
      assert.deepStrictEqual(stored[1], stored[0])
      assert.deepStrictEqual(stored[2], stored[0])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("continues a recovery that was cut off", () =>
    Effect.gen(function*() {
      const session = yield* drafted("interrupt")
      yield* session.submit("two")
      yield* session.submit("three")
      const store = yield* SessionStore
      // Each owner is fenced off after its first commit, like a killed process.
      for (let run = 0; run < 3; run++) {
        let commits = 0
        const dying = SessionStore.of({
          ...store,
          commit: (id, epoch, changes) => commits++ === 0 ? store.commit(id, epoch, changes) : Effect.never
        })
        const scope = yield* Scope.make()
        yield* Effect.fork(Scope.extend(Effect.provideService(anotherHost(), SessionStore, dying), scope))
        yield* Effect.repeatN(Effect.yieldNow(), 20)
      }
      const { host } = yield* anotherHost()
      yield* host.send(session.id, { content: "last" })
      const turns = yield* session.turns
      assert.deepStrictEqual(turns.map(({ ordinal }) => ordinal), [4, 3, 2, 1])
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ seq }) => seq), items.map((_, index) => index + 1))
      const asked = items.filter(({ role }) => role === "user").map(({ text }) => text)
      assert.deepStrictEqual(asked, ["hello", "two", "three", "last"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is the only owner: nothing that the earlier one still receives is stored", () =>
    Effect.gen(function*() {
      const session = yield* drafted("interrupt")
      yield* anotherHost()
      yield* Effect.flip(session.updateContext({ user: { a: 1 } }))
      const { openTurns } = yield* Effect.flatMap(SessionHost, ({ stats }) => stats)
      assert.strictEqual(openTurns, 0)
      assert.deepStrictEqual((yield* session.context).user, {})
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})

describe("a draft", () => {
  it.scoped("is stored at most once per interval, and never before reply middleware has seen it", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      let drafts = 0
      const counting = SessionStore.of({
        ...store,
        commit: (id, epoch, changes) => {
          if (changes.turns?.some(({ draft }) => draft !== undefined)) drafts++
          return store.commit(id, epoch, changes)
        }
      })
      const { host } = yield* Effect.provideService(
        anotherHost({ checkpointEvery: "10 seconds" }),
        SessionStore,
        counting
      )
      const { finish, reply, say } = yield* spokenReply
      yield* script(reply)
      const stream = yield* listening(host.stream(session.id, { content: "hello" }))
      for (let second = 0; second <= 30; second++) {
        yield* say(`${second} `)
        yield* stream.until(({ _tag }) => _tag === "TurnDelta")
        yield* TestClock.adjust("1 second")
      }
      yield* finish()
      yield* stream.end
      assert.strictEqual(drafts, 3)

      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({ name: "censor", reply: (reply) => Effect.succeed({ ...reply, parts: [] }) })
      const other = yield* spokenReply
      yield* script(other.reply)
      const held = yield* Effect.fork(host.send(session.id, { content: "secret" }))
      yield* other.asked
      for (let second = 0; second <= 30; second++) {
        yield* other.say("secret ")
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(drafts, 3)
      yield* other.finish()
      yield* Effect.exit(held)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
