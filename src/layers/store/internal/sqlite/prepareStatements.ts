import type Sqlite from "better-sqlite3"
import { type HistoryStatements, prepareHistory } from "./prepareHistory.js"
import { prepareRollups, type RollupStatements } from "./prepareRollups.js"
import { prepareSessions, type SessionStatements } from "./prepareSessions.js"
import { prepareTurns, type TurnStatements } from "./prepareTurns.js"

export interface Statements extends HistoryStatements, RollupStatements, SessionStatements, TurnStatements {}

/**
 * Every statement that runs on the connection which writes, prepared once for it.
 */
export const prepareStatements = (db: Sqlite.Database): Statements => ({
  ...prepareSessions(db),
  ...prepareHistory(db),
  ...prepareTurns(db),
  ...prepareRollups(db)
})
