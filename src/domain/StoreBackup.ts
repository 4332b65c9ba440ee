import * as Schema from "effect/Schema"
import { BackupName } from "./BackupName.js"

/**
 * A copy of all that a store holds, as it was at one moment.
 */
export const StoreBackup = Schema.Struct({
  name: BackupName,
  /** When it was complete. */
  at: Schema.DateTimeUtc,
  bytes: Schema.NonNegativeInt,
  /** Of the copy, in hexadecimal. */
  sha256: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/)),
  sessions: Schema.NonNegativeInt,
  schemaVersion: Schema.NonNegativeInt
})
export interface StoreBackup extends Schema.Schema.Type<typeof StoreBackup> {}
