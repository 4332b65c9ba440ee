import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { DeadLetter, type DeadLetterQuery } from "../../../../domain/DeadLetter.js"
import { SessionId, UserId } from "../../../../domain/Ids.js"
import type { SessionDeletion, SessionStore } from "../../../../services/SessionStore.js"
import { maxDeadLetters, warnOfDropped } from "../commitRules.js"
import { deadLetterCursor, pageOf, pageSize } from "../pages.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { decodeRow, readRows, renameColumns } from "./rows.js"

/** A row of `dead_letters`. */
const DeadLetterRow = Schema.Struct({ ...DeadLetter.fields, at: Schema.DateTimeUtcFromNumber })

/**
 * A row of `deletions`: a deleted session whose hooks have not been notified, or have dead letters about it.
 */
export const DeletionRow = Schema.Struct({
  sessionId: SessionId,
  userId: UserId,
  provider: Schema.String,
  number: Schema.Positive.pipe(Schema.int()),
  at: Schema.DateTimeUtcFromNumber
})

type NewDeadLetter = typeof DeadLetterRow.Encoded
type Place = Pick<NewDeadLetter, "hook" | "number" | "sessionId">

export interface DeadLetterStatements {
  readonly addDeadLetter: Sqlite.Statement<[NewDeadLetter]>
  readonly updateDeadLetter: Sqlite.Statement<[NewDeadLetter]>
  readonly removeDeadLetter: Sqlite.Statement<[Place]>
  readonly dropDeadLetters: Sqlite.Statement<[{ hook: string; max: number }]>
  readonly addDeletion: Sqlite.Statement<[typeof DeletionRow.Encoded]>
  readonly deletion: Sqlite.Statement<[id: string], object>
  readonly deletions: Sqlite.Statement<[limit: number], object>
  readonly markDeletionDelivered: Sqlite.Statement<[id: string]>
  readonly forgetDeletion: Sqlite.Statement<[id: string]>
}

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

  dropDeadLetters: db.prepare(`
    DELETE FROM dead_letters WHERE key IN (
      SELECT key FROM dead_letters WHERE hook = @hook ORDER BY key
      LIMIT max(0, coalesce((SELECT value FROM dead_letter_counts WHERE hook = @hook), 0) - @max)
    )`),

  addDeletion: db.prepare(`
    INSERT INTO deletions (session_id, user_id, provider, number, at, told)
    VALUES (@sessionId, @userId, @provider, @number, @at, 0)`),

  deletion: db.prepare(`SELECT * FROM deletions WHERE session_id = ?`),

  deletions: db.prepare(`SELECT * FROM deletions WHERE told = 0 ORDER BY key LIMIT ?`),

  markDeletionDelivered: db.prepare(`UPDATE deletions SET told = 1 WHERE session_id = ? AND told = 0`),

  forgetDeletion: db.prepare(`DELETE FROM deletions WHERE session_id = ?`)
})

const encode = Schema.encodeSync(Schema.Array(DeadLetterRow))

/**
 * Encodes dead letters and returns the write that adds them. The write drops the oldest dead letters over the limit of each
 * hook, and returns how many it dropped.
 */
export const addDeadLetters = (letters: ReadonlyArray<DeadLetter>) => {
  const rows = encode(letters)
  const hooks = new Set(rows.map(({ hook }) => hook))
  return (on: DeadLetterStatements): number => {
    for (const row of rows) on.addDeadLetter.run(row)
    let dropped = 0
    for (const hook of hooks) dropped += on.dropDeadLetters.run({ hook, max: maxDeadLetters }).changes
    return dropped
  }
}

const decodeLetters = decodeRow(Schema.Array(Schema.Struct({ ...DeadLetterRow.fields, key: Schema.NonNegativeInt })))
const decodeDeletions = decodeRow(Schema.Array(DeletionRow))
const encodeLetter = Schema.encodeSync(DeadLetterRow)

const eventOf = (row: typeof DeletionRow.Type): SessionDeletion => ({ _tag: "SessionDeleted", ...row })

/**
 * Dead letters, and the deletions that hooks have not been notified of.
 */
export const deadLetterOperations = (
  sql: SqlClient,
  { read, write }: GroupCommitter<DeadLetterStatements>
): Pick<
  SessionStore["Type"],
  "deadLetters" | "deletion" | "deletions" | "removeDeadLetter" | "settleDeletion" | "updateDeadLetter"
> => ({
  deletions: (limit) =>
    read((on) => on.deletions.all(limit)).pipe(
      Effect.flatMap((rows) => decodeDeletions(renameColumns(rows))),
      Effect.map((rows) => rows.map(eventOf))
    ),

  deletion: (id) =>
    read((on) => on.deletion.all(id)).pipe(
      Effect.flatMap((rows) => decodeDeletions(renameColumns(rows))),
      Effect.map(([row]) => Option.map(Option.fromNullable(row), eventOf))
    ),

  settleDeletion: (id, letters) =>
    Effect.suspend(() => {
      const add = addDeadLetters(letters)
      return Effect.flatMap(
        write((on) => {
          if (on.markDeletionDelivered.run(id).changes === 0) return Either.right(0)
          if (letters.length === 0) on.forgetDeletion.run(id)
          return Either.right(add(on))
        }),
        warnOfDropped
      )
    }),

  deadLetters: Effect.fnUntraced(function*(query) {
    const { cursor, limit = pageSize } = query
    const position = cursor && (yield* deadLetterCursor.decode(cursor))
    const rows = yield* readRows(selectDeadLetters(sql, query, limit + 1, position))
    const { items, ...page } = pageOf(yield* decodeLetters(rows), limit, ({ key }) => deadLetterCursor.encode({ key }))
    return { ...page, items: items.map(Struct.omit("key")) }
  }),

  updateDeadLetter: (letter) =>
    Effect.suspend(() => {
      const row = encodeLetter(letter)
      return write((on) => Either.right(void on.updateDeadLetter.run(row)))
    }),

  removeDeadLetter: ({ hook, number, sessionId }) =>
    write((on) => Either.right(void on.removeDeadLetter.run({ hook, number, sessionId })))
})

/** The matching dead letters after `position`, oldest first, by one index: a session's, which has few, before a hook's. */
const selectDeadLetters = (
  sql: SqlClient,
  { hook, sessionId }: DeadLetterQuery,
  limit: number,
  position = { key: 0 }
) => {
  const source = sessionId !== undefined
    ? "dead_letters INDEXED BY dead_letters_by_session"
    : hook !== undefined
    ? "dead_letters INDEXED BY dead_letters_by_hook"
    : "dead_letters"
  return sql`
    SELECT * FROM ${sql.literal(source)}
    WHERE ${
    sql.and([
      sql`key > ${position.key}`,
      ...(sessionId === undefined ? [] : [sql`session_id = ${sessionId}`]),
      ...(hook === undefined ? [] : [sql`hook = ${hook}`])
    ])
  }
    ORDER BY key LIMIT ${limit}`
}
