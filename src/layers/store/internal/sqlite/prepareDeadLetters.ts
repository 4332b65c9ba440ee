import type Sqlite from "better-sqlite3"
import type { DeadLetterRow } from "./DeadLetterRow.js"
import type { DeletionRow } from "./DeletionRow.js"

type NewDeadLetter = typeof DeadLetterRow.Encoded
type Place = Pick<NewDeadLetter, "hook" | "number" | "sessionId">

export interface DeadLetterStatements {
  readonly addDeadLetter: Sqlite.Statement<[NewDeadLetter]>
  readonly updateDeadLetter: Sqlite.Statement<[NewDeadLetter]>
  readonly removeDeadLetter: Sqlite.Statement<[Place]>
  readonly forgetDeadLetters: Sqlite.Statement<[{ hook: string; max: number }]>
  readonly addDeletion: Sqlite.Statement<[typeof DeletionRow.Encoded]>
  readonly deletion: Sqlite.Statement<[id: string], object>
  readonly deletions: Sqlite.Statement<[limit: number], object>
  readonly markDeletionTold: Sqlite.Statement<[id: string]>
  readonly forgetDeletion: Sqlite.Statement<[id: string]>
}

/**
 * The statements of what hooks are owed, and of what they have given up on.
 */
export const prepareDeadLetters = (db: Sqlite.Database): DeadLetterStatements => ({
  addDeadLetter: db.prepare(`
    INSERT INTO dead_letters (hook, session_id, number, event, at, attempts, reason)
    VALUES (@hook, @sessionId, @number, @event, @at, @attempts, @reason)
    ON CONFLICT DO NOTHING`),

  updateDeadLetter: db.prepare(`
    UPDATE dead_letters SET at = @at, attempts = @attempts, reason = @reason
    WHERE session_id = @sessionId AND number = @number AND hook = @hook`),

  removeDeadLetter: db.prepare(`
    DELETE FROM dead_letters WHERE session_id = @sessionId AND number = @number AND hook = @hook`),

  forgetDeadLetters: db.prepare(`
    DELETE FROM dead_letters WHERE key IN (
      SELECT key FROM dead_letters WHERE hook = @hook ORDER BY key
      LIMIT max(0, coalesce((SELECT value FROM dead_letter_counts WHERE hook = @hook), 0) - @max)
    )`),

  addDeletion: db.prepare(`
    INSERT INTO deletions (session_id, user_id, provider, number, at, told)
    VALUES (@sessionId, @userId, @provider, @number, @at, 0)`),

  deletion: db.prepare(`SELECT * FROM deletions WHERE session_id = ?`),

  deletions: db.prepare(`SELECT * FROM deletions WHERE told = 0 ORDER BY key LIMIT ?`),

  markDeletionTold: db.prepare(`UPDATE deletions SET told = 1 WHERE session_id = ? AND told = 0`),

  forgetDeletion: db.prepare(`DELETE FROM deletions WHERE session_id = ?`)
})
