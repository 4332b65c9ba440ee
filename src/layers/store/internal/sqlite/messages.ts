import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { MessageNotFound } from "../../../../domain/error/SessionError.js"
import { MessageId, type SessionId, TurnId } from "../../../../domain/Ids.js"
import { JsonRecord } from "../../../../domain/Json.js"
import { Message, type MessageQuery, Part, TokenUsage } from "../../../../domain/Message.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { messageCursor, pageBefore, pageSize } from "../pages.js"
import { coded, codes, idColumn, idToColumn, nullable } from "./columns.js"
import { bytesOfColumns, decodePage, selectPage } from "./pages.js"
import { decodeRow, readRowsOf } from "./rows.js"

/** The text of a message with one text part, as most have. It is stored without the part object, often as long as the text. */
const soleText = (parts: ReadonlyArray<typeof Part.Encoded>): string | undefined => {
  const [part] = parts
  return parts.length === 1 && part?._tag === "Text" ? part.text : undefined
}

const parts = Schema.Array(Part)

/**
 * The column of a message's parts: one text, or the parts as JSON.
 */
export const partsColumn = Schema.parseJson(
  Schema.transform(Schema.Union(Schema.String, Schema.encodedSchema(parts)), parts, {
    strict: true,
    decode: (column) => typeof column === "string" ? [{ _tag: "Text" as const, text: column }] : column,
    encode: (parts) => soleText(parts) ?? parts
  })
)

const { usage: _, ...fields } = Message.fields
const tokenDetails = TokenUsage.omit("inputTokens", "outputTokens")

const columns = Schema.Struct({
  ...fields,
  id: idColumn(MessageId),
  turnId: nullable(idColumn(TurnId)),
  role: coded(codes.role),
  parts: partsColumn,
  createdAt: Schema.DateTimeUtcFromNumber,
  metadata: Schema.parseJson(JsonRecord),
  finishReason: nullable(coded(codes.finishReason)),
  providerMessageId: nullable(Schema.String),
  providerMetadata: nullable(Schema.parseJson(JsonRecord)),
  inputTokens: nullable(Schema.NonNegativeInt),
  outputTokens: nullable(Schema.NonNegativeInt),
  tokenDetails: nullable(Schema.parseJson(tokenDetails)),
  processingTimeMs: nullable(Schema.NonNegative)
})

/**
 * A row of `messages`.
 */
export const MessageRow = Schema.transform(columns, Schema.typeSchema(Message), {
  strict: true,
  decode: ({ inputTokens, outputTokens, tokenDetails, ...row }) => {
    const usage = inputTokens === undefined || outputTokens === undefined
      ? undefined
      : { inputTokens, outputTokens, ...tokenDetails }
    // The columns have just been decoded. Validating them again would cost ten times as much as reading them.
    return new Message({ ...row, ...(usage && { usage }) }, { disableValidation: true })
  },
  encode: ({ usage, ...message }) => {
    if (usage === undefined) return message
    const { inputTokens, outputTokens, ...tokenDetails } = usage
    return { ...message, inputTokens, outputTokens, ...(Object.keys(tokenDetails).length > 0 && { tokenDetails }) }
  }
})

/**
 * Encodes a message to what `MessageRow` would, at an eighth of its cost: each turn writes two messages, and what an actor
 * commits needs no validation.
 */
export const messageToRow = (message: Message): typeof MessageRow.Encoded => ({
  id: idToColumn(message.id),
  sessionId: message.sessionId,
  seq: message.seq,
  turnId: message.turnId ? idToColumn(message.turnId) : null,
  role: codes.role[message.role],
  parts: JSON.stringify(soleText(message.parts) ?? message.parts),
  createdAt: DateTime.toEpochMillis(message.createdAt),
  metadata: JSON.stringify(message.metadata),
  finishReason: message.finishReason ? codes.finishReason[message.finishReason] : null,
  providerMessageId: message.providerMessageId ?? null,
  providerMetadata: message.providerMetadata ? JSON.stringify(message.providerMetadata) : null,
  inputTokens: message.usage?.inputTokens ?? null,
  outputTokens: message.usage?.outputTokens ?? null,
  tokenDetails: message.usage ? detailsOf(message.usage) : null,
  processingTimeMs: message.processingTimeMs ?? null
})

const detailsOf = ({ cacheReadTokens, cacheWriteTokens, reasoningTokens }: TokenUsage): string | null => {
  const details = JSON.stringify({ cacheReadTokens, cacheWriteTokens, reasoningTokens })
  return details === "{}" ? null : details
}

export interface MessageStatements {
  readonly addMessage: Sqlite.Statement<[key: number, typeof MessageRow.Encoded]>
  readonly removeMessages: Sqlite.Statement<[key: number]>
  readonly latestMessages: Sqlite.Statement<[id: string, limit: number], object>
}

export const prepareMessages = (db: Sqlite.Database): MessageStatements => ({
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
    WHERE sessions.id = ? ORDER BY from_seq DESC, seq DESC LIMIT ?`)
})

const decodeMessages = decodeRow(Schema.Array(MessageRow))
const decodeMessagePage = decodePage(MessageRow)

/**
 * Reads of a session's messages.
 */
export const messageQueries = (
  sql: SqlClient
): Pick<SessionStore["Type"], "message" | "messageAt" | "messages"> => ({
  messages: Effect.fnUntraced(function*(id, query) {
    const { cursor, limit = pageSize } = query
    const position = cursor && (yield* messageCursor.decode(cursor))
    const rows = yield* readRowsOf(sql, id, selectMessages(sql, id, query, limit + 1, position))
    const { hasMore, items } = yield* decodeMessagePage(rows, limit)
    return pageBefore(items, hasMore, messageCursor.encode)
  }),

  message: Effect.fnUntraced(function*(id, messageId) {
    const rows = yield* readRowsOf(
      sql,
      id,
      sql`
          SELECT sessions.id AS session_id, messages.*
          FROM sessions
          CROSS JOIN segments ON segments.session_key = sessions.key
          CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
          WHERE sessions.id = ${id} AND messages.id = ${idToColumn(messageId)}`
    )
    const [message] = yield* decodeMessages(rows)
    return message ?? (yield* new MessageNotFound({ sessionId: id, messageId }))
  }),

  messageAt: (id, seq) =>
    readRowsOf(
      sql,
      id,
      sql`
          SELECT sessions.id AS session_id, messages.*
          FROM sessions
          CROSS JOIN segments ON segments.session_key = sessions.key
          CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
          WHERE sessions.id = ${id} AND seq = ${seq} AND from_seq <= ${seq} AND to_seq >= ${seq}`
    ).pipe(
      Effect.flatMap(decodeMessages),
      Effect.map(([message]) => Option.fromNullable(message))
    )
})

/**
 * The matching messages after `position`, by `seq`, segment after segment. Other filters are checked along the primary key:
 * an index for them would cost a write with each message and is seldom read.
 */
const selectMessages = (
  sql: SqlClient,
  id: SessionId,
  { order = "oldest", rewound = false, role, since }: MessageQuery,
  limit: number,
  position = { seq: order === "oldest" ? 0 : Number.MAX_SAFE_INTEGER }
) =>
  selectPage(sql, {
    found: sql`
      SELECT from_seq, source_key, seq AS found_seq, ${sql.literal(messageBytes)} AS bytes
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
      ORDER BY ${sql.literal(order === "oldest" ? "from_seq, seq" : "from_seq DESC, seq DESC")} LIMIT ${limit}`,
    rows: sql`messages ON messages.session_key = source_key AND messages.seq = found_seq`,
    columns: sql`${id} AS session_id, messages.*`,
    order: order === "oldest" ? "from_seq, found_seq" : "from_seq DESC, found_seq DESC"
  })

/** Ids have at most 64 characters, and all other fields but the long ones take less than 700. */
const messageBytes = bytesOfColumns(["provider_message_id", "provider_metadata", "metadata", "parts"], 1024)
