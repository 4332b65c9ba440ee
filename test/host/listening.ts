import { Effect, Fiber, Queue, Stream } from "effect"

/**
 * Reads a stream in the background. `heard` holds what arrived; `until` waits for the next value that matches, and dies
 * if the stream ends first.
 */
export const listening = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const heard: Array<A> = []
    const values = yield* Queue.unbounded<A>()
    const receive = (value: A) => Effect.zipRight(Effect.sync(() => heard.push(value)), Queue.offer(values, value))
    const fiber = yield* Effect.fork(Stream.runForEach(stream, receive))
    const next = (isWanted: (value: A) => boolean): Effect.Effect<A> =>
      Effect.flatMap(Queue.take(values), (value) => isWanted(value) ? Effect.succeed(value) : next(isWanted))
    const over = Effect.zipRight(Fiber.join(fiber), Effect.dieMessage("The stream ended before that"))
    const until = (isWanted: (value: A) => boolean) => Effect.raceFirst(next(isWanted), over)
    return { heard, until, end: Fiber.join(fiber), leave: Fiber.interrupt(fiber) }
  })
