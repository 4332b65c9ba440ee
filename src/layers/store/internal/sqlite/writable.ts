import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { HighWaterStatements } from "./highWater.js"

/**
 * Checks that a commit would be stored, by making one: it raises the database's mark, which no reader sees. A commit that is
 * rolled back would prove nothing, since SQLite writes only when it commits. A successful check is good for 10 seconds, unless a
 * later commit fails.
 */
export const makeWritableCheck = (committer: GroupCommitter<HighWaterStatements>): Effect.Effect<void, StoreError> => {
  let provenAt: bigint | undefined

  return Effect.gen(function*() {
    const now = yield* Clock.currentTimeNanos
    const isProven = provenAt !== undefined && now - provenAt < goodFor && !committer.isFailing()
    // Fails when the store is closed.
    if (isProven) return yield* committer.read(() => undefined)
    yield* committer.write((on) => {
      on.raiseMark.run()
      return Either.void
    })
    provenAt = now
  })
}

const goodFor = 10_000_000_000n
