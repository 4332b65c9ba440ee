import { Effect, Fiber, Queue, Stream } from "effect"

/**
 * Reads a stream in the background. `heard` holds what came; `until` waits for one that is wanted, looking at each once, and
 * fails if the stream ends first.
 */
export const listening = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const heard: Array<A> = []
    const news = yield* Queue.unbounded<A>()
    const hear = (value: A) => Effect.zipRight(Effect.sync(() => heard.push(value)), Queue.offer(news, value))
    const fiber = yield* Effect.fork(Stream.runForEach(stream, hear))
    const next = (isWanted: (value: A) => boolean): Effect.Effect<A> =>
      Effect.flatMap(Queue.take(news), (value) => isWanted(value) ? Effect.succeed(value) : next(isWanted))
    const over = Effect.zipRight(Fiber.join(fiber), Effect.dieMessage("The stream ended before that"))
    const until = (isWanted: (value: A) => boolean) => Effect.raceFirst(next(isWanted), over)
    return { heard, until, end: Fiber.join(fiber), leave: Fiber.interrupt(fiber) }
  })
