import type Sqlite from "better-sqlite3"
import * as Schema from "effect/Schema"
import { Epoch, SessionId } from "../../../../domain/Ids.js"
import { ProviderCursor } from "../../../../domain/Provider.js"
import { SessionInfo } from "../../../../domain/Session.js"
import { SessionConfig } from "../../../../domain/SessionConfig.js"
import { SessionMetrics } from "../../../../domain/SessionMetrics.js"
import { nullable } from "./columns.js"

/**
 * The columns of `sessions` that make a `SessionInfo`.
 */
export const SessionRow = Schema.Struct({
  ...SessionInfo.fields,
  config: Schema.parseJson(SessionConfig),
  createdAt: Schema.DateTimeUtcFromNumber,
  lastActivityAt: Schema.DateTimeUtcFromNumber,
  cursor: nullable(Schema.parseJson(ProviderCursor)),
  forkedFrom: nullable(Schema.parseJson(Schema.Struct({ sessionId: SessionId, seq: Schema.NonNegativeInt })))
})

/**
 * The whole row of `sessions`.
 */
export const OwnedSessionRow = Schema.Struct({
  ...SessionRow.fields,
  metrics: Schema.parseJson(SessionMetrics),
  lastSeq: Schema.NonNegativeInt,
  lastOrdinal: Schema.NonNegativeInt,
  lastEvent: Schema.NonNegativeInt,
  delivered: Schema.NonNegativeInt,
  ownerEpoch: Epoch
})

/**
 * What writers read of a row of `sessions`.
 */
export interface SessionRead {
  readonly key: number
  readonly id: string
  readonly created_at: number
  readonly owner_epoch: number
  readonly last_seq: number
}

type NewSession = typeof OwnedSessionRow.Encoded & {
  /** Null takes the next key. */
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
 * Prepares the statements that add, change and remove sessions.
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

  addTag: db.prepare(`
    INSERT INTO session_tags (session_id, tag, created_at) VALUES (@id, @tag, @createdAt)`),

  session: db.prepare(`
    SELECT * FROM sessions WHERE id = ?`),

  takeOwnership: db.prepare(`
    UPDATE sessions SET owner_epoch = owner_epoch + 1 WHERE id = ? RETURNING *`),

  /**
   * The fence of a commit. Changes nothing and returns no row when the epoch is stale, or when the entries of the commit do
   * not follow those that are stored.
   */
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

  // Two statements of their own: naming an indexed column rewrites its index entry.
  setStatus: db.prepare(`UPDATE sessions SET status = ? WHERE key = ?`),
  setLastActivity: db.prepare(`UPDATE sessions SET last_activity_at = ? WHERE key = ?`),

  setCursor: db.prepare(`UPDATE sessions SET cursor = ? WHERE key = ?`),

  /** Keeps the first configuration for `SessionCreated`, before the first change overwrites it. */
  keepConfiguration: db.prepare(`
    UPDATE events SET detail = (
      SELECT json_object('provider', provider, 'model', model, 'config', config) FROM sessions WHERE key = @key
    ) WHERE session_key = @key AND number = 1 AND detail IS NULL`),

  setConfiguration: db.prepare(`UPDATE sessions SET provider = ?, model = ?, config = ? WHERE key = ?`),

  removeSession: db.prepare(`DELETE FROM sessions WHERE id = ? AND owner_epoch = ?`)
})
