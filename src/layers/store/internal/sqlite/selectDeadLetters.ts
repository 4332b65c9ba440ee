import type { SqlClient } from "@effect/sql/SqlClient"
import type { DeadLetterQuery } from "../../../../domain/DeadLetterQuery.js"

/**
 * The dead letters after `position` that match, in the order in which they came, by one index: that of a session, which has
 * few, before that of a hook.
 */
export const selectDeadLetters = (
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
