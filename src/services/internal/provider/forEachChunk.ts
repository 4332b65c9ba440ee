import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * Runs `f` on each chunk of a stream until it answers false, and closes the stream. `Stream.runForEachChunk` takes three times
 * as long, which is more than all the rest of a turn: it runs a sink, and this pulls by hand.
 */
export const forEachChunk = <A, E>(
  stream: Stream.Stream<A, E>,
  f: (chunk: Chunk.Chunk<A>) => Effect.Effect<boolean, E>
): Effect.Effect<void, E> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      const next: Effect.Effect<void, Option.Option<E>> = Effect.flatMap(
        pull,
        (chunk) => Effect.flatMap(Effect.mapError(f(chunk), Option.some), (goesOn) => goesOn ? next : Effect.void)
      )
      return next
    })
  ).pipe(Effect.catchAll(Option.match({ onNone: () => Effect.void, onSome: Effect.fail })))
