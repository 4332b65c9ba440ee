import { Array, Effect, Logger, LogLevel } from "effect"

/** Runs an effect, and returns the warnings and errors it logged. */
export const logged = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const keep = Logger.make<unknown, void>(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) lines.push(Array.ensure(message).join(" "))
    })
    return Effect.as(Effect.provide(effect, Logger.replace(Logger.defaultLogger, keep)), lines)
  })
