import type { SqlClient } from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import type { TextQuery } from "../../../../domain/TextQuery.js"
import { codes } from "./codes.js"

/** Sessions by key, from one to another. */
export interface KeySpan {
  readonly from: number
  readonly to: number
}

/** A message of the index: its session's key, and its `seq`. */
export interface HitPlace {
  readonly key: number
  readonly seq: number
}

/**
 * What the index has of an expression in a span of sessions, before a place, the latest first; and of each what is to be
 * shown of it, in the oldest session that shows it and matches the query, which is the one that said it if that does. A
 * place that nobody may see has no session.
 */
export const selectHits = (
  sql: SqlClient,
  expression: string,
  { role, sessionId, since, userId }: TextQuery,
  span: KeySpan,
  before: HitPlace,
  limit: number
) => {
  const moment = since === undefined ? 0 : DateTime.toEpochMillis(since)
  return sql`
    WITH found AS MATERIALIZED (
      SELECT rowid >> 31 AS key, rowid & 2147483647 AS seq FROM message_search
      WHERE message_search MATCH ${expression} AND rowid >= ${span.from} << 31
        AND rowid <= min((${span.to} << 31) | 2147483647, ((${before.key} << 31) | ${before.seq}) - 1)
      ORDER BY rowid DESC LIMIT ${limit}
    )
    SELECT
      found.key, found.seq, sessions.id AS session_id, json_extract(config, '$.name') AS name,
      json_extract(config, '$.description') AS description, coalesce(messages.created_at, sessions.created_at) AS at,
      messages.id AS message_id, role, parts
    FROM found
    LEFT JOIN messages ON ${
    sql.and([
      sql`messages.session_key = found.key AND messages.seq = found.seq`,
      sql`messages.created_at >= ${moment}`,
      ...(role === undefined ? [] : [sql`role = ${codes.role[role]}`])
    ])
  }
    LEFT JOIN sessions ON sessions.key = (
      SELECT min(segments.session_key)
      FROM segments CROSS JOIN sessions AS holder ON holder.key = segments.session_key
      WHERE ${
    sql.and([
      sql`source_key = found.key AND to_seq >= found.seq AND NOT rewound`,
      // A session's own segment is one that begins after its name.
      sql`(from_seq <= found.seq OR (found.seq = 0 AND segments.session_key = found.key))`,
      sql`(messages.seq IS NOT NULL OR (found.seq = 0 AND holder.created_at >= ${moment}))`,
      ...(role === undefined ? [] : [sql`found.seq > 0`]),
      ...(userId === undefined ? [] : [sql`holder.user_id = ${userId}`]),
      ...(sessionId === undefined ? [] : [sql`holder.id = ${sessionId}`])
    ])
  }
    )`
}
