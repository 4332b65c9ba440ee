import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import type * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import { TurnError } from "../../../../domain/error/TurnError.js"
import { IdempotencyKey, type SessionId, TurnId } from "../../../../domain/Ids.js"
import { Attempt, Prompt, Turn } from "../../../../domain/Turn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { coded, codes, idColumn, idToColumn, nullable } from "./columns.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { bytesOfColumns, decodePage, selectPage } from "./pages.js"
import { decodeRow, readRowsOf, renameColumns } from "./rows.js"
import type { SessionStatements } from "./sessions.js"

/** The column of a turn's attempts. */
const attemptsColumn = Schema.parseJson(
  Schema.NonEmptyArray(Schema.Struct({ ...Attempt.fields, startedAt: Schema.DateTimeUtcFromNumber }))
)

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

const encodeError = Schema.encodeSync(TurnRow.pick("error"))

const encodeAttempts = Schema.encodeSync(attemptsColumn)

const attemptsToColumn = (attempts: Arr.NonEmptyReadonlyArray<Attempt>): string =>
  attempts.some(({ error }) => error !== undefined)
    ? encodeAttempts(attempts)
    : JSON.stringify(attempts.map((attempt) => ({ ...attempt, startedAt: DateTime.toEpochMillis(attempt.startedAt) })))

/**
 * Encodes a turn to what `TurnRow` would, for the reason given at `messageToRow`. Few turns fail, so errors use their schema.
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

/**
 * Selects the open turns. It must be the condition of the index `turns_open`, word for word, for SQLite to use the index.
 */
export const whereTurnIsOpen = `turns.status IN (${codes.turnStatus.accepted}, ${codes.turnStatus.calling})`

export interface TurnStatements {
  readonly putTurn: Sqlite.Statement<[key: number, typeof TurnRow.Encoded]>
  readonly openTurns: Sqlite.Statement<[id: string], object>
  readonly turn: Sqlite.Statement<[id: string, turnId: string | Uint8Array], object>
  readonly turnByKey: Sqlite.Statement<[id: string, key: string | Uint8Array], object>
  readonly ordinalOf: Sqlite.Statement<[turnId: string | Uint8Array, key: number], { ordinal: number }>
}

export const prepareTurns = (db: Sqlite.Database): TurnStatements => ({
  /** Changes nothing when the ordinal belongs to another turn. */
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
    SELECT ordinal FROM turns WHERE id = ? AND session_key = ?`)
})

const decodeTurns = decodeRow(Schema.Array(TurnRow))
const decodeTurnPage = decodePage(TurnRow)

/** Ids and keys have at most 128 characters, and all other fields but the long ones take less than 700. */
const turnBytes = bytesOfColumns(["prompt", "draft", "attempts", "error", "fallback"], 1024)

/**
 * Reads of a session's turns. Sends wait for `turn` and `turnByKey`, so these are prepared statements on the connection that
 * writes.
 */
export const turnQueries = (
  sql: SqlClient,
  { read }: Pick<GroupCommitter<SessionStatements & TurnStatements>, "read">
): Pick<SessionStore["Type"], "turn" | "turnByKey" | "turns"> => {
  const findTurn = (id: SessionId, find: (on: TurnStatements) => object | undefined) =>
    read((on) => {
      const turn = find(on)
      // A turn proves that its session exists.
      return turn ? [turn] : on.session.get(id) && []
    }).pipe(
      Effect.flatMap(Either.fromNullable(() => new SessionNotFound({ sessionId: id }))),
      Effect.flatMap((rows) => decodeTurns(renameColumns(rows))),
      Effect.map(([turn]) => Option.fromNullable(turn))
    )

  return {
    turn: (id, turnId) => findTurn(id, (on) => on.turn.get(id, idToColumn(turnId))),
    turnByKey: (id, key) => findTurn(id, (on) => on.turnByKey.get(id, idToColumn(key))),

    turns: (id, limit) =>
      readRowsOf(
        sql,
        id,
        selectPage(sql, {
          found: sql`
            SELECT session_key AS found_key, ordinal AS found_ordinal, ${sql.literal(turnBytes)} AS bytes
            FROM sessions JOIN turns ON session_key = sessions.key
            WHERE sessions.id = ${id} ORDER BY ordinal DESC LIMIT ${limit}`,
          rows: sql`turns ON turns.session_key = found_key AND turns.ordinal = found_ordinal`,
          columns: sql`${id} AS session_id, turns.*`,
          order: "found_ordinal DESC"
        })
      ).pipe(
        Effect.flatMap((rows) => decodeTurnPage(rows, limit)),
        Effect.map(({ items }) => items)
      )
  }
}
