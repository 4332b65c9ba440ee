import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * `Stream.runForEachChunk` at a third of its cost, which is more than all the rest of a turn: it pulls by hand instead of
 * running a sink.
 */
export const forEachChunk = <A, E>(
  stream: Stream.Stream<A, E>,
  f: (chunk: Chunk.Chunk<A>) => Effect.Effect<void, E>
): Effect.Effect<void, E> =>
  Effect.scoped(
    Effect.flatMap(
      Stream.toPull(stream),
      (pull) => Effect.forever(Effect.flatMap(pull, (chunk) => Effect.mapError(f(chunk), Option.some)))
    )
  ).pipe(Effect.catchAll(Option.match({ onNone: () => Effect.void, onSome: Effect.fail })))
