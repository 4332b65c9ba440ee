import type Sqlite from "better-sqlite3"
import { codes } from "./codes.js"
import type { EventRead } from "./hydratedEvent.js"
import type { TurnRow } from "./TurnRow.js"
import { whereTurnIsOpen } from "./whereTurnIsOpen.js"

const { ContextUpdated, MessageReceived, MessageSent, TurnAccepted } = codes.event

export interface TurnStatements {
  readonly putTurn: Sqlite.Statement<[key: number, typeof TurnRow.Encoded]>
  readonly openTurns: Sqlite.Statement<[id: string], object>
  readonly turn: Sqlite.Statement<[id: string, turnId: string | Uint8Array], object>
  readonly turnByKey: Sqlite.Statement<[id: string, key: string | Uint8Array], object>
  readonly ordinalOf: Sqlite.Statement<[turnId: string | Uint8Array, key: number], { ordinal: number }>
  readonly addEvent: Sqlite.Statement<
    [key: number, number: number, tag: number, at: number, ref: number, detail: string | null]
  >
  readonly events: Sqlite.Statement<[{ key: number; number: number; limit: number }], EventRead>
}

/**
 * The statements that keep what a session was asked, and what has happened to it.
 */
export const prepareTurns = (db: Sqlite.Database): TurnStatements => ({
  /** Changes nothing when there is another turn in this place. */
  putTurn: db.prepare(`
    INSERT INTO turns (
      session_key, ordinal, id, status, attempt, accepted_at, started_at, ended_at, deadline_at, prompt_seq, reply_seq,
      when_busy, on_unknown, key, digest, joined, fallback, attempts, error,
      prompt, draft
    ) VALUES (
      ?, @ordinal, @id, @status, @attempt, @acceptedAt, @startedAt, @endedAt, @deadlineAt, @promptSeq, @replySeq,
      @whenBusy, @onUnknown, @key, @digest, @joined, @fallback, @attempts, @error,
      @prompt, @draft
    )
    ON CONFLICT (session_key, ordinal) DO UPDATE SET
      status = excluded.status,
      attempt = excluded.attempt,
      accepted_at = excluded.accepted_at,
      started_at = excluded.started_at,
      ended_at = excluded.ended_at,
      deadline_at = excluded.deadline_at,
      prompt_seq = excluded.prompt_seq,
      reply_seq = excluded.reply_seq,
      when_busy = excluded.when_busy,
      on_unknown = excluded.on_unknown,
      digest = excluded.digest,
      joined = excluded.joined,
      fallback = excluded.fallback,
      attempts = excluded.attempts,
      error = excluded.error,
      prompt = excluded.prompt,
      draft = excluded.draft
    WHERE id = excluded.id AND key IS excluded.key`),

  openTurns: db.prepare(`
    SELECT sessions.id AS session_id, turns.* FROM sessions JOIN turns ON session_key = sessions.key
    WHERE sessions.id = ? AND ${whereTurnIsOpen} ORDER BY ordinal`),

  turn: db.prepare(`
    SELECT sessions.id AS session_id, turns.* FROM sessions JOIN turns ON session_key = sessions.key
    WHERE sessions.id = ? AND turns.id = ?`),

  turnByKey: db.prepare(`
    SELECT sessions.id AS session_id, turns.* FROM sessions JOIN turns ON session_key = sessions.key
    WHERE sessions.id = ? AND turns.key = ?`),

  ordinalOf: db.prepare(`
    SELECT ordinal FROM turns WHERE id = ? AND session_key = ?`),

  // Several a turn, so bound by position: no object is made for each, and no name looked up.
  addEvent: db.prepare(`
    INSERT INTO events (session_key, number, tag, at, ref, detail) VALUES (?, ?, ?, ?, ?, ?)`),

  events: db.prepare(`
    SELECT messages.*, events.number, events.tag, events.at, events.ref, events.detail, contexts.context,
      turns.id AS turn, turns.joined, turns.error
    FROM events
    LEFT JOIN segments ON events.tag IN (${MessageSent}, ${MessageReceived})
      AND segments.session_key = events.session_key AND ref BETWEEN from_seq AND to_seq
    LEFT JOIN messages ON messages.session_key = source_key AND messages.seq = ref
    LEFT JOIN contexts ON events.tag = ${ContextUpdated}
      AND contexts.session_key = events.session_key AND version = ref
    LEFT JOIN turns ON events.tag >= ${TurnAccepted} AND turns.session_key = events.session_key AND ordinal = ref
    WHERE events.session_key = @key AND events.number > @number
      AND (events.tag NOT IN (${MessageSent}, ${MessageReceived}) OR messages.seq IS NOT NULL)
    ORDER BY events.number LIMIT @limit`)
})
