import type Sqlite from "better-sqlite3"
import { StoreError } from "../../../../domain/error/StoreError.js"

export interface DatabaseFigures {
  readonly sessions: number
  readonly messages: number
  readonly schemaVersion: number
  readonly pageSize: number
  readonly pages: number
  readonly freePages: number
  readonly unindexedSessions: number
}

export interface MaintenanceStatements {
  readonly figures: Sqlite.Statement<[], DatabaseFigures>
  readonly analyze: Sqlite.Statement<[]>
  /** Gives free pages back to the file system. */
  readonly giveBack: (pages: number) => void
  readonly truncateWal: Sqlite.Statement<[], { busy: number }>
  /** Copies the database, some pages in each turn of the event loop. What `onStep` throws ends it. */
  readonly copyTo: (path: string, onStep: () => void) => Promise<unknown>
}

/** Pages that are copied in one go: a megabyte. */
const pagesPerStep = 256

/**
 * What maintenance runs on the connection that writes.
 */
export const prepareMaintenance = (db: Sqlite.Database): MaintenanceStatements => {
  // Rows of an index that an analysis looks at, so that it takes no longer for a large table.
  db.pragma("analysis_limit = 400")
  return {
    // Nothing of it counts rows, but those of the few sessions that wait to be indexed.
    figures: db.prepare(`
      SELECT
        (SELECT value FROM totals WHERE name = 'sessions') AS sessions,
        (SELECT value FROM totals WHERE name = 'messages') AS messages,
        (SELECT max(migration_id) FROM langswarm_migrations) AS schemaVersion,
        (SELECT page_size FROM pragma_page_size) AS pageSize,
        (SELECT page_count FROM pragma_page_count) AS pages,
        (SELECT freelist_count FROM pragma_freelist_count) AS freePages,
        (
          SELECT count(*) FROM sessions INDEXED BY sessions_unindexed WHERE indexed_seq < last_seq
        ) AS unindexedSessions`),

    analyze: db.prepare(`PRAGMA optimize`),
    giveBack: (pages) => void db.pragma(`incremental_vacuum(${pages})`),
    truncateWal: db.prepare(`PRAGMA wal_checkpoint(TRUNCATE)`),

    copyTo: (path, onStep) =>
      db.backup(path, {
        progress: () => {
          onStep()
          return pagesPerStep
        }
      }).catch((error: unknown) => {
        throw db.open ? error : new StoreError({ reason: "Unavailable", detail: "the connection was closed" })
      })
  }
}
