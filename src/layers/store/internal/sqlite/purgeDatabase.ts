import type * as Effect from "effect/Effect"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { Statements } from "./prepareStatements.js"
import { retryWhileBusy } from "./retryWhileBusy.js"

/**
 * Empties the WAL, which holds what was there before. In the database itself `secure_delete` has written zeros over what was
 * removed. Fails with `Busy` when somebody reads one snapshot for more than 5 seconds.
 */
export const purgeDatabase = ({ read }: GroupCommitter<Statements>): Effect.Effect<void, StoreError> =>
  retryWhileBusy(read((on) => {
    if (on.truncateWal.get()?.busy !== 0) throw new StoreError({ reason: "Busy", detail: "wal_checkpoint" })
  }))
