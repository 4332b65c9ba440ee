import type Sqlite from "better-sqlite3"
import type * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { TurnError } from "../../../../domain/error/TurnError.js"
import { IdempotencyKey, TurnId } from "../../../../domain/Ids.js"
import { Attempt, Prompt, Turn } from "../../../../domain/Turn.js"
import { coded, codes, idColumn, idToColumn, nullable, whereTurnIsOpen } from "./columns.js"
import type { EventRead } from "./events.js"

const AttemptEntry = Schema.Struct({ ...Attempt.fields, startedAt: Schema.DateTimeUtcFromNumber })

/**
 * The column of a turn's attempts.
 */
export const attemptsColumn = Schema.parseJson(Schema.NonEmptyArray(AttemptEntry))

/**
 * A row of `turns`.
 */
export const TurnRow = Schema.Struct({
  ...Turn.fields,
  id: idColumn(TurnId),
  status: coded(codes.turnStatus),
  prompt: nullable(Schema.parseJson(Prompt)),
  acceptedAt: Schema.DateTimeUtcFromNumber,
  startedAt: nullable(Schema.DateTimeUtcFromNumber),
  endedAt: nullable(Schema.DateTimeUtcFromNumber),
  fallback: nullable(Schema.parseJson(Turn.fields.fallback.from)),
  attempts: nullable(attemptsColumn),
  promptSeq: nullable(Schema.NonNegativeInt),
  replySeq: nullable(Schema.NonNegativeInt),
  error: nullable(Schema.parseJson(TurnError)),
  key: nullable(idColumn(IdempotencyKey)),
  digest: nullable(Schema.String),
  deadlineAt: nullable(Schema.DateTimeUtcFromNumber),
  whenBusy: nullable(coded(codes.busyPolicy)),
  onUnknown: nullable(coded(codes.onUnknown)),
  joined: nullable(idColumn(TurnId)),
  draft: nullable(Schema.String)
})

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

const encodeError = Schema.encodeSync(TurnRow.pick("error"))

const encodeAttempts = Schema.encodeSync(attemptsColumn)

const attemptsToColumn = (attempts: Arr.NonEmptyReadonlyArray<Attempt>): string =>
  attempts.some(({ error }) => error !== undefined)
    ? encodeAttempts(attempts)
    : JSON.stringify(attempts.map((attempt) => ({ ...attempt, startedAt: DateTime.toEpochMillis(attempt.startedAt) })))

/**
 * What `TurnRow` encodes to, for the reason that `messageToRow` has. Turns fail seldom, so errors are left to their schema.
 */
export const turnToRow = (turn: Turn): typeof TurnRow.Encoded => ({
  id: idToColumn(turn.id),
  sessionId: turn.sessionId,
  ordinal: turn.ordinal,
  status: codes.turnStatus[turn.status],
  attempt: turn.attempt,
  prompt: turn.prompt ? JSON.stringify(turn.prompt) : null,
  acceptedAt: DateTime.toEpochMillis(turn.acceptedAt),
  startedAt: turn.startedAt ? DateTime.toEpochMillis(turn.startedAt) : null,
  endedAt: turn.endedAt ? DateTime.toEpochMillis(turn.endedAt) : null,
  promptSeq: turn.promptSeq ?? null,
  replySeq: turn.replySeq ?? null,
  error: turn.error ? encodeError({ error: turn.error }).error : null,
  key: turn.key ? idToColumn(turn.key) : null,
  digest: turn.digest ?? null,
  deadlineAt: turn.deadlineAt ? DateTime.toEpochMillis(turn.deadlineAt) : null,
  whenBusy: turn.whenBusy ? codes.busyPolicy[turn.whenBusy] : null,
  onUnknown: turn.onUnknown ? codes.onUnknown[turn.onUnknown] : null,
  joined: turn.joined ? idToColumn(turn.joined) : null,
  fallback: turn.fallback ? JSON.stringify(turn.fallback) : null,
  attempts: turn.attempts ? attemptsToColumn(turn.attempts) : null,
  draft: turn.draft ?? null
})
