import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Stream, TestClock } from "effect"
import type { FeedEvent } from "../../src/domain/Events.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { Session } from "../../src/services/Session.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start } from "./anotherHost.js"
import { listening } from "./listening.js"
import { dyingStore } from "./outages.js"
import { script } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

const isCompleted = ({ event }: FeedEvent) => event._tag === "TurnCompleted"
const isDelta = ({ event }: FeedEvent) => event._tag === "TurnDelta"
const tags = (events: ReadonlyArray<FeedEvent>) => events.map(({ event }) => event._tag)
const textOf = (events: ReadonlyArray<FeedEvent>) =>
  events.map(({ event }) => (event._tag === "TurnDelta" ? event.text : "")).join("")
const stored = (events: ReadonlyArray<FeedEvent>) =>
  events.flatMap(({ event }) => event._tag === "TurnDelta" ? [] : [event.number])

/** The feed from a position up to the first completed turn. */
const upToCompleted = (session: Session, from?: FeedEvent) =>
  Effect.map(
    Stream.runCollect(Stream.takeUntil(session.watch(from && { from: from.position }), isCompleted)),
    (events) => Array.from(events)
  )

const turnOf = (...pieces: ReadonlyArray<string>) => [
  "TurnAccepted",
  "MessageSent",
  "TurnStarted",
  ...pieces.map(() => "TurnDelta"),
  "MessageReceived",
  "TurnCompleted"
]

describe("a session's feed", () => {
  it.scoped("replays all stored events, then continues live", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const watcher = yield* listening(session.watch())
      yield* watcher.until(isCompleted)
      yield* session.send("a b")
      yield* watcher.until(isCompleted)
      assert.deepStrictEqual(tags(watcher.heard), [
        "SessionCreated",
        ...turnOf(),
        ...turnOf("You ", "said: ", "a ", "b")
      ])
      assert.deepStrictEqual(stored(watcher.heard), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
      assert.strictEqual(textOf(watcher.heard), "You said: a b")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("continues from a position, even when everything has happened meanwhile", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const before = yield* upToCompleted(session)
      yield* session.send("two")
      yield* session.updateContext({ user: { a: 1 } })
      const after = yield* Stream.runCollect(Stream.take(session.watch({ from: before.at(-1)?.position ?? "0" }), 6))
      assert.deepStrictEqual(tags(Array.from(after)), [...turnOf(), "ContextUpdated"])
      assert.deepStrictEqual(stored([...before, ...after]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("gives a watcher that joins mid-reply the text so far, once, and then the rest live", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { finish, reply, say } = yield* spokenReply
      yield* script(reply)
      const first = yield* listening(session.watch())
      yield* session.submit("hello")
      yield* say("one ")
      yield* first.until(isDelta)
      yield* say("two ")
      yield* first.until(isDelta)
      const second = yield* listening(session.watch())
      const { event } = yield* second.until(isDelta)
      assert.deepInclude(event, { offset: 0, text: "one two " })
      yield* say("three")
      yield* finish()
      yield* Effect.all([first.until(isCompleted), second.until(isCompleted)])
      assert.deepStrictEqual(tags(first.heard), ["SessionCreated", ...turnOf("one", "two", "three")])
      assert.deepStrictEqual(tags(second.heard), ["SessionCreated", ...turnOf("one two", "three")])
      assert.strictEqual(textOf(second.heard), "one two three")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("has no gap and no repeat for a watcher that is disconnected at any event, mid-reply or later", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("before")
      const { finish, reply, say } = yield* spokenReply
      const { finish: finishLast, reply: last, say: sayLast } = yield* spokenReply
      yield* script(reply, last)
      const whole = yield* listening(Stream.drop(session.watch(), 6))
      yield* session.submit("hello")
      for (const word of ["one ", "two "]) {
        yield* say(word)
        yield* whole.until(isDelta)
      }
      // Disconnect at each event while the reply is streaming, and resume before it continues.
      const mid = yield* Effect.forEach(
        Array.from({ length: 12 }, (_, index) => index + 1),
        (count) =>
          Effect.gen(function*() {
            const begun = Array.from(yield* Stream.runCollect(Stream.take(session.watch(), Math.min(count, 10))))
            const rest = yield* listening(session.watch({ from: begun.at(-1)?.position ?? "0" }))
            return { begun, rest }
          })
      )
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      yield* say("three ")
      yield* finish("paused")
      yield* sayLast("four")
      yield* finishLast()
      yield* whole.until(isCompleted)
      for (const { begun, rest } of mid) {
        if (!stored(begun).includes(11)) {
          yield* Effect.repeat(Effect.yieldNow(), { until: () => stored(rest.heard).includes(11) })
        }
        const all = [...begun, ...rest.heard]
        assert.deepStrictEqual(stored(all), stored(all).map((_, index) => index + 1))
        assert.strictEqual(textOf(all), "one two three four")
      }
      // Disconnect at each live event, and resume after the end: the stored events are complete, and no text comes
      // again.
      const seen = whole.heard
      for (let count = 1; count <= seen.length; count++) {
        const begun = seen.slice(0, count)
        const place = begun.at(-1)
        const rest = isCompletedAt(seen, count) ? [] : yield* upToCompletedFrom(session, place)
        assert.deepStrictEqual(stored([...begun, ...rest]), stored(seen), `after ${count}`)
        assert.notInclude(tags(rest), "TurnDelta")
      }
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("resumes mid-reply at the exact character where the watcher left", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { finish, reply, say } = yield* spokenReply
      yield* script(reply)
      const whole = yield* listening(session.watch())
      yield* session.submit("hello")
      const words = ["one ", "two ", "three "]
      for (const word of words) {
        yield* say(word)
        yield* whole.until(isDelta)
      }
      const places = whole.heard.filter(isDelta)
      const back = yield* Effect.forEach(places, ({ position }) => listening(session.watch({ from: position })))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      yield* say("four")
      yield* finish()
      for (const [index, watcher] of back.entries()) {
        yield* watcher.until(isCompleted)
        assert.strictEqual(textOf(watcher.heard), [...words, "four"].slice(index + 1).join(""))
        assert.deepStrictEqual(stored(watcher.heard), [5, 6])
      }
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("survives a failure and restart of the actor", () =>
    Effect.gen(function*() {
      const dying = yield* dyingStore
      const session = yield* start
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, dying.store)
      const { reply, say } = yield* spokenReply
      yield* script(reply)
      const watcher = yield* listening(host.watch(session.id, {}))
      yield* host.submit(session.id, { content: "hello", onUnknown: "retry" })
      yield* say("half")
      yield* watcher.until(isDelta)
      dying.broken = session.id
      yield* Effect.flip(host.updateContext(session.id, { user: { a: 1 } }))
      dying.broken = undefined
      yield* TestClock.adjust("1 second")
      yield* watcher.until(isCompleted)
      assert.deepStrictEqual(tags(watcher.heard), [
        "SessionCreated",
        "TurnAccepted",
        "MessageSent",
        "TurnStarted",
        "TurnDelta",
        "TurnStarted",
        "TurnDelta",
        "TurnDelta",
        "TurnDelta",
        "MessageReceived",
        "TurnCompleted"
      ])
      assert.deepStrictEqual(stored(watcher.heard), [1, 2, 3, 4, 5, 6, 7])
      const texts = watcher.heard.flatMap(({ event }) => event._tag === "TurnDelta" ? [[event.offset, event.text]] : [])
      assert.deepStrictEqual(texts, [[0, "half"], [0, "You "], [4, "said: "], [10, "hello"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("delivers events that were stored but could not be published at the time", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      let isUnsure = false
      const unsure = SessionStore.of({
        ...store,
        commit: (id, epoch, changes) =>
          Effect.zipLeft(
            store.commit(id, epoch, changes),
            Effect.suspend(() => isUnsure ? Effect.die("?") : Effect.void)
          )
      })
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, unsure)
      const watcher = yield* listening(host.watch(session.id, {}))
      yield* watcher.until(({ event }) => event._tag === "SessionCreated")
      isUnsure = true
      yield* Effect.flip(host.updateContext(session.id, { user: { a: 1 } }))
      isUnsure = false
      yield* host.updateContext(session.id, { user: { a: 2 } })
      yield* watcher.until(({ event }) => event._tag === "ContextUpdated" && event.context.version === 3)
      assert.deepStrictEqual(stored(watcher.heard), [1, 2, 3])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("disconnects a watcher that falls too far behind, which can resume", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { host } = yield* anotherHost({ streamBuffer: 8 })
      const reading = yield* Deferred.make<void>()
      const seen: Array<FeedEvent> = []
      const slow = yield* listening(
        host.watch(session.id, {}).pipe(
          Stream.tap((event) => Effect.zipRight(Effect.sync(() => seen.push(event)), Deferred.await(reading)))
        )
      )
      yield* Effect.repeat(Effect.yieldNow(), { until: () => seen.length > 0 })
      yield* script({ text: Array.from({ length: 50 }, () => "x") })
      const text = (yield* host.send(session.id, { content: "hello" })).text
      assert.strictEqual(text, "x".repeat(50))
      yield* Deferred.succeed(reading, undefined)
      assert.strictEqual((yield* Effect.flip(slow.end))._tag, "SlowConsumer")
      const from = seen.at(-1)?.position
      assert(from !== undefined)
      const rest = yield* Stream.runCollect(Stream.takeUntil(host.watch(session.id, { from }), isCompleted))
      assert.deepStrictEqual(stored([...seen, ...rest]), [1, 2, 3, 4, 5, 6])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("ends with the session", () =>
    Effect.gen(function*() {
      const session = yield* start
      const watcher = yield* listening(session.watch())
      yield* watcher.until(({ event }) => event._tag === "SessionCreated")
      yield* session.delete
      yield* watcher.end
      assert.deepStrictEqual(tags(watcher.heard), ["SessionCreated", "SessionDeleted"])
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(session.watch())))._tag, "SessionNotFound")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("continues at another host from a position of the first", () =>
    Effect.gen(function*() {
      const session = yield* start
      const first = yield* listening(session.watch())
      yield* session.send("one")
      yield* first.until(isCompleted)
      const from = first.heard.at(-1)?.position
      assert(from !== undefined)
      const { host } = yield* anotherHost()
      const second = yield* listening(host.watch(session.id, { from }))
      yield* host.send(session.id, { content: "two" })
      yield* second.until(isCompleted)
      assert.deepStrictEqual(stored([...first.heard, ...second.heard]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
      // The first host learns of it with its next commit.
      yield* Effect.ignore(session.updateContext({ user: { a: 1 } }))
      yield* session.updateContext({ user: { a: 2 } })
      yield* first.until(({ event }) => event._tag === "ContextUpdated")
      assert.deepStrictEqual(stored(first.heard), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})

const isCompletedAt = (events: ReadonlyArray<FeedEvent>, count: number) => events.slice(0, count).some(isCompleted)

const upToCompletedFrom = (session: Session, place: FeedEvent | undefined) => upToCompleted(session, place)
