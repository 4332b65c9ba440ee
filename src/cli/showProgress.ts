import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * Counts what passes, on standard error, when somebody watches a terminal.
 */
export const showProgress = <A, E, R>(items: Stream.Stream<A, E, R>, what: string): Stream.Stream<A, E, R> =>
  Stream.suspend(() => {
    const { stderr, stdout } = process
    if (!stderr.isTTY || stdout.isTTY) return items
    let count = 0
    return items.pipe(
      Stream.tap(() => Effect.sync(() => stderr.write(`\r${++count} ${what}`))),
      Stream.ensuring(Effect.sync(() => count > 0 && stderr.write("\n")))
    )
  })
