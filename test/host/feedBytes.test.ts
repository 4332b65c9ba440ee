import { assert, describe, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Stream } from "effect"
import type { FeedEvent, TurnEvent } from "../../src/domain/Events.js"
import { encodedBytes, maxEventBytes } from "../../src/domain/Size.js"
import { maxTextBytes } from "../../src/layers/host/internal/eventBuffer.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { Session } from "../../src/services/Session.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start } from "./anotherHost.js"
import { script } from "./scripted.js"

const thirtyK = "x".repeat(30_000)

const isCompleted = ({ event }: FeedEvent) => event._tag === "TurnCompleted"

/** Adds a message of each size, which is one event. */
const addMessages = (session: Pick<Session, "sendSystem">, ...sizes: ReadonlyArray<number>) =>
  Effect.forEach(sizes, (size) => session.sendSystem("x".repeat(size)), { discard: true })

const numbersOf = (chunk: Iterable<FeedEvent>) =>
  Array.from(chunk, ({ event }) => event._tag === "TurnDelta" ? 0 : event.number)

const bytesOf = (chunk: Iterable<FeedEvent>) =>
  Array.from(chunk).reduce((bytes, { event }) => bytes + encodedBytes(event), 0)

/** The numbers of the events in each chunk of a feed, up to an event. */
const chunksUpTo = <E>(feed: Stream.Stream<FeedEvent, E>, last: number) =>
  Effect.gen(function*() {
    const chunks: Array<ReadonlyArray<number>> = []
    yield* Stream.runForEachWhile(Stream.chunks(feed), (chunk) =>
      Effect.sync(() => {
        if (chunk.length > 1) assert.isAtMost(bytesOf(chunk), maxEventBytes)
        chunks.push(numbersOf(chunk))
        return !chunks.flat().includes(last)
      }))
    return chunks
  })

/** Reads a stream chunk by chunk, and waits after the first one until it is let go. */
const paused = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const first = yield* Deferred.make<void>()
    const release = yield* Deferred.make<void>()
    const chunks: Array<ReadonlyArray<A>> = []
    const reader = yield* Effect.fork(Stream.runForEach(Stream.chunks(stream), (chunk) => {
      chunks.push(Chunk.toReadonlyArray(chunk))
      return Effect.zipRight(Deferred.succeed(first, undefined), Deferred.await(release))
    }))
    yield* Deferred.await(first)
    return { chunks, reader, release: Deferred.succeed(release, undefined) }
  })

describe("a feed of large events", () => {
  it.scoped("is read from the store in chunks of at most 64 KiB, or one event", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* addMessages(session, 30_000, 30_000, 30_000, 200_000, 30_000, 30_000, 10)
      assert.deepStrictEqual(yield* chunksUpTo(session.watch(), 8), [[1, 2, 3], [4], [5], [6, 7, 8]])
      assert.deepStrictEqual(yield* chunksUpTo(session.watch({ from: "3" }), 8), [[4], [5], [6, 7, 8]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("keeps 64 KiB for a paused watcher, and reads the rest from the store once it goes on", () =>
    Effect.gen(function*() {
      const session = yield* start
      const store = yield* SessionStore
      const reads: Array<number> = []
      const counted = SessionStore.of({
        ...store,
        events: (...[id, after, limit]: Parameters<typeof store.events>) => {
          reads.push(after)
          return store.events(id, after, limit)
        }
      })
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, counted)
      const watcher = yield* paused(host.watch(session.id, {}))
      reads.length = 0
      const add = (size: number) => host.sendSystem(session.id, { content: "x".repeat(size) })
      yield* Effect.forEach([30_000, 30_000, 30_000, 30_000, 200_000, 30_000], add)
      assert.deepStrictEqual(reads, [])
      yield* watcher.release
      yield* Effect.repeat(Effect.yieldNow(), { until: () => watcher.chunks.flatMap(numbersOf).includes(7) })
      // Two were kept. The rest came from the store: two, the large one, and the last.
      assert.deepStrictEqual(watcher.chunks.map(numbersOf), [[1], [2, 3], [4, 5], [6], [7]])
      assert.deepStrictEqual(reads, [3, 5, 6])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("ends with SlowConsumer when more than 1 MiB of text waits, and the turn goes on", () =>
    Effect.gen(function*() {
      const session = yield* start
      // 48,000 bytes each, as JSON.
      yield* script({ text: Array.from({ length: 30 }, () => "\u0001".repeat(8_000)) })
      const watcher = yield* paused(session.watch())
      const sender = yield* paused(session.stream("hello"))
      yield* Stream.runDrain(Stream.takeUntil(session.watch(), isCompleted))
      yield* watcher.release
      yield* sender.release
      for (const { chunks, reader } of [watcher, sender]) {
        assert.strictEqual((yield* Effect.flip(Fiber.join(reader)))._tag, "SlowConsumer")
        const deltas = chunks.flat().flatMap((each: FeedEvent | TurnEvent) => {
          const event = "event" in each ? each.event : each
          return event._tag === "TurnDelta" ? [event] : []
        })
        assert.strictEqual(deltas.length, Math.floor(maxTextBytes / 48_100))
        assert.isTrue(chunks.every((chunk) => chunk.filter((each) => encodedBytes(each) > 48_000).length <= 1))
      }
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("streams a turn in chunks of at most 64 KiB, or one event", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ text: ["a", thirtyK, thirtyK, thirtyK] })
      const sender = yield* paused(session.stream("x".repeat(100_000)))
      yield* Stream.runDrain(Stream.takeUntil(session.watch(), isCompleted))
      yield* sender.release
      yield* Fiber.join(sender.reader)
      assert.deepStrictEqual(sender.chunks.map((chunk) => chunk.map(({ _tag }) => _tag)), [
        ["TurnAccepted"],
        ["TurnStarted"],
        ["TurnDelta", "TurnDelta", "TurnDelta"],
        ["TurnDelta"],
        ["TurnCompleted"]
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
