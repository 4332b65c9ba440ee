import type Sqlite from "better-sqlite3"
import type { MessageRow } from "./MessageRow.js"
import type { OwnedSessionRow } from "./OwnedSessionRow.js"
import type { TurnRow } from "./TurnRow.js"

export interface Statements {
  readonly addSession: Sqlite.Statement<[typeof OwnedSessionRow.Encoded]>
  readonly addTag: Sqlite.Statement<[{ id: string; tag: string; createdAt: number }]>
  readonly takeOwnership: Sqlite.Statement<[id: string], object>
  readonly ownerOf: Sqlite.Statement<[id: string], { owner_epoch: number }>
  readonly latestMessages: Sqlite.Statement<[id: string, limit: number], object>
  readonly openTurns: Sqlite.Statement<[id: string], object>
  readonly advance: Sqlite.Statement<[{
    id: string
    epoch: number
    precedingSeq: number | null
    addedMessages: number
    clearsMessages: number
    highestOrdinal: number
    metrics: string | null
    context: string | null
  }], { key: number }>
  readonly setStatus: Sqlite.Statement<[status: string, key: number]>
  readonly setLastActivity: Sqlite.Statement<[at: number, key: number]>
  readonly clearMessages: Sqlite.Statement<[key: number]>
  readonly addMessage: Sqlite.Statement<[key: number, typeof MessageRow.Encoded]>
  readonly putTurn: Sqlite.Statement<[key: number, typeof TurnRow.Encoded]>
  readonly removeSession: Sqlite.Statement<[id: string, epoch: number]>
  readonly removeResting: Sqlite.Statement<[{ before: number; status: string | null; limit: number }]>
}

/**
 * Every statement that runs inside a write, prepared once for a connection.
 */
export const prepareStatements = (db: Sqlite.Database): Statements => ({
  addSession: db.prepare(`
    INSERT INTO sessions (
      id, user_id, provider, model, status, created_at, last_activity_at, message_count, last_seq, last_ordinal,
      owner_epoch, metrics, config, context
    ) VALUES (
      @id, @userId, @provider, @model, @status, @createdAt, @lastActivityAt, @messageCount, @lastSeq, @lastOrdinal,
      @ownerEpoch, @metrics, @config, @context
    )`),

  addTag: db.prepare(`
    INSERT INTO session_tags (session_id, tag, created_at) VALUES (@id, @tag, @createdAt)`),

  takeOwnership: db.prepare<[id: string], object>(`
    UPDATE sessions SET owner_epoch = owner_epoch + 1 WHERE id = ? RETURNING *`),

  ownerOf: db.prepare<[id: string], { owner_epoch: number }>(`SELECT owner_epoch FROM sessions WHERE id = ?`),

  latestMessages: db.prepare<[id: string, limit: number], object>(`
    SELECT sessions.id AS session_id, messages.* FROM sessions JOIN messages ON session_key = key
    WHERE sessions.id = ? ORDER BY seq DESC LIMIT ?`),

  openTurns: db.prepare<[id: string], object>(`
    SELECT sessions.id AS session_id, turns.* FROM sessions JOIN turns ON session_key = key
    WHERE sessions.id = ? AND turns.status IN ('accepted', 'calling') ORDER BY ordinal`),

  /** The fence: changes nothing, and answers nothing, for an owner that is no longer one, or has lost count. */
  advance: db.prepare<Parameters<Statements["advance"]["get"]>, { key: number }>(`
    UPDATE sessions SET
      last_seq = last_seq + @addedMessages,
      message_count = iif(@clearsMessages, 0, message_count) + @addedMessages,
      last_ordinal = max(last_ordinal, @highestOrdinal),
      metrics = coalesce(@metrics, metrics),
      context = coalesce(@context, context)
    WHERE id = @id AND owner_epoch = @epoch AND last_seq = coalesce(@precedingSeq, last_seq)
    RETURNING key`),

  // Two of their own, since to name an indexed column is to write its index again.
  setStatus: db.prepare(`UPDATE sessions SET status = ? WHERE key = ?`),
  setLastActivity: db.prepare(`UPDATE sessions SET last_activity_at = ? WHERE key = ?`),

  clearMessages: db.prepare(`DELETE FROM messages WHERE session_key = ?`),

  addMessage: db.prepare(`
    INSERT INTO messages (
      session_key, seq, id, role, created_at, turn_id, finish_reason, processing_time_ms, usage, provider_message_id,
      provider_metadata, metadata, parts
    ) VALUES (
      ?, @seq, @id, @role, @createdAt, @turnId, @finishReason, @processingTimeMs, @usage, @providerMessageId,
      @providerMetadata, @metadata, @parts
    )`),

  putTurn: db.prepare(`
    INSERT INTO turns (
      session_key, ordinal, id, status, accepted_at, started_at, ended_at, prompt_seq, reply_seq, error_code, prompt
    ) VALUES (
      ?, @ordinal, @id, @status, @acceptedAt, @startedAt, @endedAt, @promptSeq, @replySeq, @errorCode, @prompt
    )
    ON CONFLICT (session_key, ordinal) DO UPDATE SET
      status = excluded.status,
      started_at = excluded.started_at,
      ended_at = excluded.ended_at,
      prompt_seq = excluded.prompt_seq,
      reply_seq = excluded.reply_seq,
      error_code = excluded.error_code,
      prompt = excluded.prompt
    WHERE id = excluded.id`),

  removeSession: db.prepare(`DELETE FROM sessions WHERE id = ? AND owner_epoch = ?`),

  removeResting: db.prepare(`
    DELETE FROM sessions WHERE key IN (
      SELECT key FROM sessions
      WHERE last_activity_at < @before AND status = coalesce(@status, status) AND NOT EXISTS (
        SELECT 1 FROM turns WHERE session_key = sessions.key AND turns.status IN ('accepted', 'calling')
      )
      ORDER BY last_activity_at LIMIT @limit
    )`)
})
