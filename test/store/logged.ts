import { Array, Effect, Logger, Ref } from "effect"

/** Runs an effect, and answers the warnings and errors it logged. */
export const logged = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.gen(function*() {
    const lines = yield* Ref.make<ReadonlyArray<string>>([])
    const keep = Logger.make(({ logLevel, message }) =>
      logLevel.ordinal < 30_000
        ? undefined
        : Effect.runSync(Ref.update(lines, (all) => [...all, Array.ensure(message).join(" ")]))
    )
    yield* Effect.provide(effect, Logger.replace(Logger.defaultLogger, keep))
    return yield* Ref.get(lines)
  })
