import type * as Effect from "effect/Effect"
import type { BackupName } from "../domain/BackupName.js"
import type { InvalidRequest } from "../domain/error/InvalidRequest.js"
import type { StoreError } from "../domain/error/StoreError.js"
import type { StoreBackup } from "../domain/StoreBackup.js"
import type { StoreOptimization } from "../domain/StoreOptimization.js"
import type { StoreStats } from "../domain/StoreStats.js"

/**
 * What may be done for a store while it is used, as far as it can. Nothing of it changes what the store answers.
 */
export interface StoreMaintenance {
  /** Gives back what is not used, in steps between which turns go on. */
  readonly optimize?: Effect.Effect<StoreOptimization, StoreError>

  readonly stats: Effect.Effect<StoreStats, StoreError>

  /**
   * Copies all there is while turns go on. There is a backup once it is complete, and never a part of one. Fails with
   * `InvalidRequest` when there is one of that name.
   */
  readonly backup?: (name: BackupName) => Effect.Effect<StoreBackup, InvalidRequest | StoreError>
}
