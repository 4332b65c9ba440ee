import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { Statements } from "./prepareStatements.js"

/**
 * Removes what there is of a session that is not restored after all, or of all of them: an earlier process left those.
 */
export const dropRestorations = (
  { write }: Pick<GroupCommitter<Statements>, "write">,
  only?: number
): Effect.Effect<void, StoreError> =>
  write((on) => {
    for (const { key } of on.restorations.all()) {
      if (only !== undefined && key !== only) continue
      on.removeMessages.run(key)
      on.endRestoration.run(key)
    }
    return Either.void
  })
