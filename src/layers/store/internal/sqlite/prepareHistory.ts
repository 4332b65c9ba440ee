import type Sqlite from "better-sqlite3"
import type { MessageRow } from "./MessageRow.js"

/** Where an open segment ends. */
const never = Number.MAX_SAFE_INTEGER

export interface HistoryStatements {
  readonly addMessage: Sqlite.Statement<[key: number, typeof MessageRow.Encoded]>
  readonly removeMessages: Sqlite.Statement<[key: number]>
  readonly latestMessages: Sqlite.Statement<[id: string, limit: number], object>
  readonly addSegment: Sqlite.Statement<[{ key: number; from: number; to: number; rewound: number }]>
  readonly openSegment: Sqlite.Statement<[{ key: number; from: number }]>
  readonly shareSegments: Sqlite.Statement<[{ key: number; origin: number; seq: number }]>
  readonly removeSegments: Sqlite.Statement<[key: number]>
  readonly splitSegment: Sqlite.Statement<[{ key: number; to: number; last: number }]>
  readonly cutSegment: Sqlite.Statement<[{ key: number; to: number }]>
  readonly rewindSegments: Sqlite.Statement<[{ key: number; to: number; last: number }]>
  readonly recount: Sqlite.Statement<[key: number], { message_count: number }>
  readonly addContext: Sqlite.Statement<[{ key: number; version: number; context: string }]>
  readonly restoreContext: Sqlite.Statement<[{ key: number; version: number; since: number; context: string }]>
  readonly latestContext: Sqlite.Statement<[id: string], object>
}

/**
 * The statements that keep what a session has said and known: its messages, the segments that show them, its contexts.
 */
export const prepareHistory = (db: Sqlite.Database): HistoryStatements => ({
  addMessage: db.prepare(`
    INSERT INTO messages (
      session_key, seq, id, role, created_at, turn_id, finish_reason, processing_time_ms, input_tokens, output_tokens,
      token_details, provider_message_id, provider_metadata, metadata, parts
    ) VALUES (
      ?, @seq, @id, @role, @createdAt, @turnId, @finishReason, @processingTimeMs, @inputTokens, @outputTokens,
      @tokenDetails, @providerMessageId, @providerMetadata, @metadata, @parts
    )`),

  removeMessages: db.prepare(`DELETE FROM messages WHERE session_key = ?`),

  latestMessages: db.prepare(`
    SELECT sessions.id AS session_id, messages.*
    FROM sessions
    CROSS JOIN segments ON segments.session_key = sessions.key AND NOT rewound
    CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
    WHERE sessions.id = ? ORDER BY from_seq DESC, seq DESC LIMIT ?`),

  addSegment: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound) VALUES (@key, @from, @to, @key, @rewound)`),

  openSegment: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound) VALUES (@key, @from, ${never}, @key, 0)
    ON CONFLICT DO NOTHING`),

  shareSegments: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound)
    SELECT @key, from_seq, min(to_seq, @seq), source_key, 0 FROM segments
    WHERE session_key = @origin AND from_seq <= @seq AND NOT rewound`),

  removeSegments: db.prepare(`DELETE FROM segments WHERE session_key = ?`),

  /** The part of a segment after `to` gets a segment of its own, which is rewound. */
  splitSegment: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound)
    SELECT @key, @to + 1, min(to_seq, @last), source_key, 1 FROM segments
    WHERE session_key = @key AND from_seq <= @to AND to_seq > @to AND NOT rewound`),

  cutSegment: db.prepare(`
    UPDATE segments SET to_seq = @to
    WHERE session_key = @key AND from_seq <= @to AND to_seq > @to AND NOT rewound`),

  rewindSegments: db.prepare(`
    UPDATE segments SET to_seq = min(to_seq, @last), rewound = 1
    WHERE session_key = @key AND from_seq > @to AND from_seq <= @last`),

  recount: db.prepare(`
    UPDATE sessions SET message_count = (
      SELECT coalesce(sum(min(to_seq, last_seq) - from_seq + 1), 0) FROM segments
      WHERE session_key = sessions.key AND NOT rewound
    ) WHERE key = ? RETURNING message_count`),

  addContext: db.prepare(`
    INSERT INTO contexts (session_key, version, since_seq, context)
    SELECT key, @version, last_seq, @context FROM sessions
    WHERE key = @key AND NOT EXISTS (SELECT 1 FROM contexts WHERE session_key = @key AND version >= @version)`),

  restoreContext: db.prepare(`
    INSERT INTO contexts (session_key, version, since_seq, context) VALUES (@key, @version, @since, @context)`),

  latestContext: db.prepare(`
    SELECT context FROM contexts WHERE session_key = (SELECT key FROM sessions WHERE id = ?)
    ORDER BY version DESC LIMIT 1`)
})
