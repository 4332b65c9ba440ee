import type Sqlite from "better-sqlite3"
import { type DeadLetterStatements, prepareDeadLetters } from "./prepareDeadLetters.js"
import { type HistoryStatements, prepareHistory } from "./prepareHistory.js"
import { prepareRollups, type RollupStatements } from "./prepareRollups.js"
import { prepareSearch, type SearchStatements } from "./prepareSearch.js"
import { prepareSessions, type SessionStatements } from "./prepareSessions.js"
import { prepareTurns, type TurnStatements } from "./prepareTurns.js"

export interface Statements
  extends DeadLetterStatements, HistoryStatements, RollupStatements, SearchStatements, SessionStatements, TurnStatements
{}

/**
 * Every statement that runs on the connection which writes, prepared once for it.
 */
export const prepareStatements = (db: Sqlite.Database): Statements => ({
  ...prepareSessions(db),
  ...prepareHistory(db),
  ...prepareRollups(db),
  ...prepareDeadLetters(db),
  ...prepareSearch(db),
  ...prepareTurns(db)
})
