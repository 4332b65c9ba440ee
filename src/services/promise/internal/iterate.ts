// A promise may reject with anything: its type has no room for errors.
// @effect-diagnostics anyUnknownInErrorContext:off
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Calls } from "./makeCalls.js"

/**
 * A stream as an async iterable, which is read once: nothing happens before the first step, and nothing is read ahead. Leaving
 * it ends the stream, also while a step waits.
 */
export const iterate = <A>(
  { step: run }: Calls,
  stream: Stream.Stream<A, unknown>,
  signal?: AbortSignal
): AsyncIterableIterator<A> => {
  const leaving = new AbortController()
  const whileRead = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal
  const end: IteratorResult<A> = { done: true, value: undefined }
  const scope = Effect.runSync(Scope.make())
  let arrived = Chunk.empty<A>()
  let pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<unknown>> | undefined
  let done = false
  let latest: Promise<unknown> = Promise.resolve()

  const close = Effect.suspend(() => {
    done = true
    return Scope.close(scope, Exit.void)
  })

  const opened = Effect.gen(function*() {
    pull ??= yield* Scope.extend(Stream.toPull(stream), scope)
    return pull
  })

  const advance: Effect.Effect<IteratorResult<A>, unknown> = Effect.gen(function*() {
    if (done) return end
    while (Chunk.isEmpty(arrived)) {
      const next = yield* Effect.flatten(opened).pipe(
        Effect.map(Option.some),
        Effect.catchAll(Option.match({ onNone: () => Effect.succeed(Option.none()), onSome: Effect.fail }))
      )
      if (Option.isNone(next)) {
        yield* close
        return end
      }
      arrived = next.value
    }
    const value = Chunk.unsafeHead(arrived)
    arrived = Chunk.drop(arrived, 1)
    return { done: false as const, value }
  })

  const failed = async (error: unknown) => {
    await Effect.runPromise(close)
    if (leaving.signal.aborted) return end
    throw error
  }

  return {
    next: () => {
      const next = latest.then(() => (done ? end : run(advance, whileRead))).catch(failed)
      latest = next.catch(constVoid)
      return next
    },
    return: async () => {
      leaving.abort()
      await latest
      await Effect.runPromise(close)
      return end
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}
