import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Fiber, Stream } from "effect"
import { type FeedEvent, SessionManager, SessionRuntime } from "langswarm-session"

const print = ({ event, position }: FeedEvent) =>
  Console.log(`${position}: ${event._tag === "MessageReceived" ? event.message.text : event._tag}`)

/** The stored events, up to a reply. Without the filter a watcher also gets each `TurnDelta` of a running reply. */
const untilReply = (seq: number) => <E>(feed: Stream.Stream<FeedEvent, E>) =>
  feed.pipe(
    Stream.filter(({ event }) => event._tag !== "TurnDelta"),
    Stream.takeUntil(({ event }) => event._tag === "MessageReceived" && event.message.seq === seq)
  )

const program = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
  const bob = yield* session.watch().pipe(untilReply(4), Stream.runCount, Effect.fork)

  yield* session.send("Hello")
  yield* Console.log("Ada watches until the reply, and leaves:")
  const last = yield* session.watch().pipe(untilReply(2), Stream.tap(print), Stream.runLast)
  const { position } = yield* last

  yield* session.send("Are you there?")
  yield* Console.log("Ada resumes at her position, and receives what she missed:")
  yield* session.watch({ from: position }).pipe(untilReply(4), Stream.runForEach(print))

  yield* Console.log(`Bob, who stayed, received ${yield* Fiber.join(bob)} events`)
})

program.pipe(Effect.provide(SessionRuntime.layerDevelopment), NodeRuntime.runMain)
