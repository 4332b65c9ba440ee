import * as Schema from "effect/Schema"

/**
 * Names a backup. A name and no path: where backups are is for the store to say.
 */
export const BackupName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
    description: "1 to 64 letters, digits, '-' or '_', and a letter or a digit first"
  }),
  Schema.brand("BackupName")
)
export type BackupName = typeof BackupName.Type
