import type * as Effect from "effect/Effect"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { MaintenanceStatements } from "./prepareMaintenance.js"
import { retryWhileBusy } from "./retryWhileBusy.js"

/**
 * Moves all that is in the WAL into the database, and empties it. Fails with `Busy` when somebody reads one snapshot for more
 * than 5 seconds.
 */
export const emptyWal = ({ read }: GroupCommitter<MaintenanceStatements>): Effect.Effect<void, StoreError> =>
  retryWhileBusy(read((on) => {
    if (on.truncateWal.get()?.busy !== 0) throw new StoreError({ reason: "Busy", detail: "wal_checkpoint" })
  }))
