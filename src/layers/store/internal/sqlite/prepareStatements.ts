import type Sqlite from "better-sqlite3"
import { type HistoryStatements, prepareHistory } from "./prepareHistory.js"
import { prepareSearch, type SearchStatements } from "./prepareSearch.js"
import { prepareSessions, type SessionStatements } from "./prepareSessions.js"
import { prepareTurns, type TurnStatements } from "./prepareTurns.js"

export interface Statements extends HistoryStatements, SearchStatements, SessionStatements, TurnStatements {}

/**
 * Every statement that runs on the connection which writes, prepared once for it.
 */
export const prepareStatements = (db: Sqlite.Database): Statements => ({
  ...prepareSessions(db),
  ...prepareHistory(db),
  ...prepareSearch(db),
  ...prepareTurns(db)
})
