import type { SqlClient } from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import type { MessageQuery } from "../../../../domain/MessageQuery.js"
import type { SessionId } from "../../../../domain/SessionId.js"
import { codes } from "./codes.js"

/**
 * The messages after `position` that match, by `seq`, from one segment after the other. What else they must match is looked for along the primary key: an
 * index for it would be written with each message, to be read seldom.
 */
export const selectMessages = (
  sql: SqlClient,
  id: SessionId,
  { order = "oldest", rewound = false, role, since }: MessageQuery,
  limit: number,
  position = { seq: order === "oldest" ? 0 : Number.MAX_SAFE_INTEGER }
) =>
  sql`
    SELECT sessions.id AS session_id, messages.*
    FROM sessions
    CROSS JOIN segments ON segments.session_key = sessions.key
    CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
    WHERE ${
    sql.and([
      sql`sessions.id = ${id}`,
      ...(rewound ? [] : [sql`NOT rewound`]),
      ...order === "oldest"
        ? [sql`seq > ${position.seq}`, sql`to_seq > ${position.seq}`]
        : [sql`seq < ${position.seq}`, sql`from_seq < ${position.seq}`],
      ...(role === undefined ? [] : [sql`role = ${codes.role[role]}`]),
      ...(since ? [sql`messages.created_at >= ${DateTime.toEpochMillis(since)}`] : [])
    ])
  }
    ORDER BY ${sql.literal(order === "oldest" ? "from_seq, seq" : "from_seq DESC, seq DESC")} LIMIT ${limit}`
