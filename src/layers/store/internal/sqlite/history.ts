import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { MessageId, type SessionId, TurnId } from "../../../../domain/Ids.js"
import { JsonRecord } from "../../../../domain/Json.js"
import { Message, type MessageQuery, Part, TokenUsage } from "../../../../domain/Message.js"
import { SessionContext } from "../../../../domain/SessionContext.js"
import type { SessionChanges } from "../../../../services/SessionStore.js"
import { coded, codes, idColumn, idToColumn, nullable } from "./columns.js"
import type { Statements } from "./statements.js"

/**
 * What is read of a row of `contexts`.
 */
export const ContextRow = Schema.Struct({ context: Schema.parseJson(SessionContext) })

/**
 * The text of a message that is nothing else, as most are: stored without the part around it, which is as long as many a text.
 */
export const soleText = (parts: ReadonlyArray<typeof Part.Encoded>): string | undefined => {
  const [part] = parts
  return parts.length === 1 && part?._tag === "Text" ? part.text : undefined
}

const parts = Schema.Array(Part)

/**
 * The column of a message's parts, as `soleText` has them.
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
    // The columns have been checked a moment ago; checking them again costs ten times as much as reading them.
    return new Message({ ...row, ...(usage && { usage }) }, { disableValidation: true })
  },
  encode: ({ usage, ...message }) => {
    if (usage === undefined) return message
    const { inputTokens, outputTokens, ...tokenDetails } = usage
    return { ...message, inputTokens, outputTokens, ...(Object.keys(tokenDetails).length > 0 && { tokenDetails }) }
  }
})

/**
 * A context, and from where on it was one.
 */
export const VersionRow = Schema.Struct({ since: Schema.NonNegativeInt, ...ContextRow.fields })

/**
 * Takes messages out of a history whose last one has this `seq`: to be seen no more, or to be seen as rewound. What is said
 * next goes to a new segment.
 */
export const changeSegments = (
  on: Statements,
  key: number,
  last: number,
  { clearMessages = false, rewindTo: to = last }: SessionChanges
): void => {
  if (clearMessages) on.removeSegments.run(key)
  if (to < last) {
    on.splitSegment.run({ key, to, last })
    on.cutSegment.run({ key, to })
    on.rewindSegments.run({ key, to, last })
  }
  if (clearMessages || to < last) {
    on.openSegment.run({ key, from: last + 1 })
    on.recount.get(key)
  }
}

const encode = Schema.encodeSync(ContextRow)

/**
 * A context as its column has it.
 */
export const encodeContext = (context: SessionContext): string => encode({ context }).context

/**
 * What `MessageRow` encodes to, at an eighth of its cost: two of these are written each turn, and what comes from an actor
 * needs no check.
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

export interface Segment {
  readonly from: number
  readonly to: number
  readonly rewound: number
}

/**
 * The fewest segments that show a history and what was rewound of it, with a gap wherever there is one.
 */
export const segmentsOf = (
  messages: ReadonlyArray<Message>,
  rewound: ReadonlyArray<Message>
): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = []
  const places = [
    ...messages.map(({ seq }) => ({ seq, rewound: 0 })),
    ...rewound.map(({ seq }) => ({ seq, rewound: 1 }))
  ]
  for (const { rewound, seq } of Arr.sort(places, bySeq)) {
    const last = segments.at(-1)
    const from = last && last.to === seq - 1 && last.rewound === rewound ? segments.pop()?.from ?? seq : seq
    segments.push({ from, to: seq, rewound })
  }
  return segments
}

const bySeq = Order.mapInput(Order.number, ({ seq }: { readonly seq: number }) => seq)

/**
 * The latest context that was there before the message after `seq`, from the session which that message comes from.
 */
export const selectContextAt = (sql: SqlClient, id: SessionId, seq: number) => {
  const ofNextSegment = (column: string) =>
    sql`
      SELECT ${sql.literal(column)} FROM segments
      WHERE session_key = (SELECT key FROM sessions WHERE id = ${id}) AND NOT rewound AND to_seq > ${seq}
      ORDER BY from_seq LIMIT 1`
  return sql`
    SELECT context FROM contexts
    WHERE session_key = (${ofNextSegment("source_key")})
      AND since_seq < max(${seq} + 1, (${ofNextSegment("from_seq")}))
    ORDER BY version DESC LIMIT 1`
}

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
