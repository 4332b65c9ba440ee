import * as Schema from "effect/Schema"
import { StoreBackup } from "./StoreBackup.js"

const count = Schema.NonNegativeInt

/**
 * What a store holds, and what it takes.
 */
export const StoreStats = Schema.Struct({
  name: Schema.String,
  sessions: count,
  /** Each once, however many forks share it, rewound ones too. */
  messages: count,
  /** Bytes that it takes in all, in memory or on disk. */
  bytes: count,
  /** What only a database has. */
  database: Schema.optionalWith(
    Schema.Struct({
      schemaVersion: count,
      /** Bytes of them that are in the WAL. */
      walBytes: count,
      pageSize: count,
      pages: count,
      /** Pages that hold nothing, for what comes next. */
      freePages: count,
      /** Sessions with something that full-text search does not know yet. */
      unindexedSessions: count,
      /** The backups there are, the latest first. */
      backups: Schema.Array(StoreBackup)
    }),
    { exact: true }
  )
})
export interface StoreStats extends Schema.Schema.Type<typeof StoreStats> {}
