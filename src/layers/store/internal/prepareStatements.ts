import type Sqlite from "better-sqlite3"
import { prepareHistory } from "./prepareHistory.js"
import { prepareSessions } from "./prepareSessions.js"
import { prepareTurns } from "./prepareTurns.js"

/**
 * Every statement that runs on the connection which writes, prepared once for it.
 */
export const prepareStatements = (db: Sqlite.Database) => ({
  ...prepareSessions(db),
  ...prepareHistory(db),
  ...prepareTurns(db)
})

export type Statements = ReturnType<typeof prepareStatements>
