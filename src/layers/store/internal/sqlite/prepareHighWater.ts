import type Sqlite from "better-sqlite3"

/**
 * What `keepHighWater` runs in the database. `identity` is a number that no other database has, made when it is first asked
 * for.
 */
export interface HighWaterStatements {
  readonly identify: Sqlite.Statement<[]>
  readonly raiseMark: Sqlite.Statement<[]>
  readonly highWater: Sqlite.Statement<[], { mark: number; identity: number; changes: number }>
}

export const prepareHighWater = (db: Sqlite.Database): HighWaterStatements => ({
  identify: db.prepare(`INSERT INTO totals VALUES ('identity', abs(random() >> 12)) ON CONFLICT DO NOTHING`),
  raiseMark: db.prepare(
    `INSERT INTO totals VALUES ('mark', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1`
  ),
  highWater: db.prepare<[], { mark: number; identity: number; changes: number }>(`
    SELECT
      coalesce((SELECT value FROM totals WHERE name = 'mark'), 0) AS mark,
      coalesce((SELECT value FROM totals WHERE name = 'identity'), 0) AS identity,
      total_changes() AS changes`)
})
