import type Sqlite from "better-sqlite3"
import type { SessionRead } from "./hydratedEvent.js"
import type { OwnedSessionRow } from "./OwnedSessionRow.js"

type NewSession = typeof OwnedSessionRow.Encoded & {
  /** The next one there is, when null. */
  readonly key: number | bigint | null
  readonly tagSet: number
  readonly archiveAfterMs: number | null
  readonly deleteAfterMs: number | null
  readonly indexedSeq: number
}

interface Advance {
  readonly id: string
  readonly epoch: number
  readonly precedingSeq: number | null
  readonly addedMessages: number
  readonly highestOrdinal: number
  readonly precedingEvent: number | null
  readonly addedEvents: number
  readonly delivered: number
  readonly metrics: string | null
}

export interface SessionStatements {
  readonly addSession: Sqlite.Statement<[NewSession]>
  /** Takes a key that no session has had. */
  readonly reserveKey: Sqlite.Statement<[], { key: number }>
  readonly beginRestoration: Sqlite.Statement<[key: number]>
  readonly restorations: Sqlite.Statement<[], { key: number }>
  readonly endRestoration: Sqlite.Statement<[key: number]>
  readonly addTag: Sqlite.Statement<[{ id: string; tag: string; createdAt: number }]>
  readonly session: Sqlite.Statement<[id: string], SessionRead>
  readonly takeOwnership: Sqlite.Statement<[id: string], object>
  readonly advance: Sqlite.Statement<[Advance], { key: number; last_seq: number; user_id: string; tag_set: number }>
  readonly setStatus: Sqlite.Statement<[status: string, key: number]>
  readonly setLastActivity: Sqlite.Statement<[at: number, key: number]>
  readonly setCursor: Sqlite.Statement<[cursor: string | null, key: number]>
  readonly keepConfiguration: Sqlite.Statement<[{ key: number }]>
  readonly setConfiguration: Sqlite.Statement<[provider: string, model: string, config: string, key: number]>
  readonly removeSession: Sqlite.Statement<[id: string, epoch: number]>
}

/**
 * The statements that make, change and remove sessions.
 */
export const prepareSessions = (db: Sqlite.Database): SessionStatements => ({
  addSession: db.prepare(`
    INSERT INTO sessions (
      key, id, user_id, provider, model, tag_set, status, created_at, last_activity_at, message_count, last_seq, indexed_seq,
      last_ordinal, last_event, delivered, owner_epoch, archive_after_ms, delete_after_ms, metrics, forked_from, cursor,
      config
    ) VALUES (
      @key, @id, @userId, @provider, @model, @tagSet, @status, @createdAt, @lastActivityAt, @messageCount, @lastSeq,
      @indexedSeq, @lastOrdinal, @lastEvent, @delivered, @ownerEpoch, @archiveAfterMs, @deleteAfterMs, @metrics,
      @forkedFrom, @cursor, @config
    )`),

  reserveKey: db.prepare(`UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'sessions' RETURNING seq AS key`),
  beginRestoration: db.prepare(`INSERT INTO restorations (key) VALUES (?)`),
  restorations: db.prepare(`SELECT key FROM restorations`),
  endRestoration: db.prepare(`DELETE FROM restorations WHERE key = ?`),

  addTag: db.prepare(`
    INSERT INTO session_tags (session_id, tag, created_at) VALUES (@id, @tag, @createdAt)`),

  session: db.prepare(`
    SELECT * FROM sessions WHERE id = ?`),

  takeOwnership: db.prepare(`
    UPDATE sessions SET owner_epoch = owner_epoch + 1 WHERE id = ? RETURNING *`),

  /** The fence: changes nothing, and answers nothing, for an owner that is no longer one, or has lost count. */
  advance: db.prepare(`
    UPDATE sessions SET
      last_seq = last_seq + @addedMessages,
      message_count = message_count + @addedMessages,
      last_ordinal = max(last_ordinal, @highestOrdinal),
      last_event = last_event + @addedEvents,
      delivered = max(delivered, @delivered),
      metrics = coalesce(@metrics, metrics)
    WHERE id = @id AND owner_epoch = @epoch AND last_seq = coalesce(@precedingSeq, last_seq)
      AND last_event = coalesce(@precedingEvent, last_event) AND last_event + @addedEvents >= @delivered
    RETURNING key, last_seq, user_id, tag_set`),

  // Two of their own, since to name an indexed column is to write its index again.
  setStatus: db.prepare(`UPDATE sessions SET status = ? WHERE key = ?`),
  setLastActivity: db.prepare(`UPDATE sessions SET last_activity_at = ? WHERE key = ?`),

  setCursor: db.prepare(`UPDATE sessions SET cursor = ? WHERE key = ?`),

  /** Keeps, for `SessionCreated`, what the first change of a session's configuration is about to replace. */
  keepConfiguration: db.prepare(`
    UPDATE events SET detail = (
      SELECT json_object('provider', provider, 'model', model, 'config', config) FROM sessions WHERE key = @key
    ) WHERE session_key = @key AND number = 1 AND detail IS NULL`),

  setConfiguration: db.prepare(`UPDATE sessions SET provider = ?, model = ?, config = ? WHERE key = ?`),

  removeSession: db.prepare(`DELETE FROM sessions WHERE id = ? AND owner_epoch = ?`)
})
