import type Sqlite from "better-sqlite3"
import { type DeadLetterStatements, prepareDeadLetters } from "./deadLetters.js"
import { type HistoryStatements, prepareHistory } from "./history.js"
import { prepareRollups, type RollupStatements } from "./rollups.js"
import { prepareSearch, type SearchStatements } from "./search.js"
import { prepareSessions, type SessionStatements } from "./sessions.js"
import { prepareTurns, type TurnStatements } from "./turns.js"

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
