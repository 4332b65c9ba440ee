import type { SqlClient } from "@effect/sql/SqlClient"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { MessageId, SessionId } from "../../../../domain/Ids.js"
import type { Page } from "../../../../domain/Page.js"
import type { SearchHit, TextQuery } from "../../../../domain/Search.js"
import { nameToSearch, type SearchTerm, toSearchTerms, toSnippet } from "../../../../domain/SearchWords.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { pageSize, searchCursor } from "../pages.js"
import { coded, codes, idColumn, nullable } from "./columns.js"
import { searchText } from "./indexer.js"
import { decodeRow, readRows } from "./rows.js"

/**
 * Full-text search. It passes FTS5 only quoted words, and searches a piece of the index at a time, so that words that are
 * frequent but never together do not make one statement read the whole index.
 */
export const searchMessages = (
  sql: SqlClient,
  catchUp: Effect.Effect<void, StoreError>
): NonNullable<SessionStore["Type"]["search"]> =>
  Effect.fnUntraced(function*(query) {
    const { cursor, limit = pageSize } = query
    const start = cursor === undefined ? beginning : yield* searchCursor.decode(cursor)
    yield* Effect.timeoutOption(catchUp, indexWait)

    const terms = toSearchTerms(query.text)
    const expression = expressionOf(terms)
    const hits: Array<{ readonly place: HitPlace; readonly hit: SearchHit }> = []
    let place = start
    let statements = 0
    const page = (next?: HitPlace): Page<SearchHit> => ({
      items: Arr.map(Arr.take(hits, limit), ({ hit }) => hit),
      ...(next && { next: searchCursor.encode({ key: next.key, seq: next.seq }) })
    })

    for (const { from, to } of yield* spansOf(sql, query)) {
      let width = firstWidth
      let last = Math.min(to, place.key)
      while (last >= from) {
        if (statements === maxStatements) return page(place)
        if (statements++ > 0) yield* eventLoopTurn
        const span = { from: Math.max(from, last - width + 1), to: last }
        const [took, found] = yield* Effect.timed(
          readRows(selectHits(sql, expression, query, span, place, limit + 1))
        )
        const rows = yield* decodeHits(found)
        for (const row of rows) {
          const hit = hitOf(row, terms)
          if (hit) hits.push({ place: row, hit })
        }
        const shown = hits[limit - 1]
        if (shown && hits.length > limit) return page(shown.place)
        const lowest = rows.at(-1)
        if (lowest && rows.length > limit) {
          place = lowest
          last = lowest.key
        } else {
          place = { key: span.from, seq: 0 }
          last = span.from - 1
          if (Duration.lessThan(took, quick)) width = Math.min(4 * width, maxWidth)
          else if (Duration.greaterThan(took, slow)) width = Math.max(firstWidth, width / 2)
        }
      }
    }
    return page()
  })

/** A row of `selectHits`. Without a session it is no hit. */
const HitRow = Schema.Struct({
  key: Schema.NonNegativeInt,
  seq: Schema.NonNegativeInt,
  sessionId: nullable(SessionId),
  name: nullable(Schema.String),
  description: nullable(Schema.String),
  at: nullable(Schema.DateTimeUtcFromNumber),
  messageId: nullable(idColumn(MessageId)),
  role: nullable(coded(codes.role)),
  parts: nullable(Schema.String)
})

/** A range of session keys. */
interface KeySpan {
  readonly from: number
  readonly to: number
}

/** A message in the index: the key of its session, and its `seq`. */
interface HitPlace {
  readonly key: number
  readonly seq: number
}

/** The most statements that one page runs. */
const maxStatements = 256

/** Sessions that one statement searches: few at first, and more as long as it is quick. */
const firstWidth = 64
const maxWidth = 8192
const quick = "2 millis"
const slow = "8 millis"

/** The most session keys of others between two of a user's that one statement still covers both. */
const maxGap = 8

/** How long a search waits for earlier commits to be indexed. Then it searches what is indexed so far. */
const indexWait = "2 seconds"

const decodeHits = decodeRow(Schema.Array(HitRow))
const decodeKeys = decodeRow(Schema.Array(Schema.Struct({ key: Schema.NonNegativeInt })))

/** After every message, and still a number that SQLite can shift. */
const beginning: HitPlace = { key: 2 ** 31, seq: 0 }

/** Words are letters and digits only, so nothing needs escaping. */
const expressionOf = (terms: ReadonlyArray<SearchTerm>): string =>
  terms.map(({ prefix, words }) => `"${words.join(" ")}"${prefix ? "*" : ""}`).join(" AND ")

/** The keys of the sessions whose messages the query may find, latest first. */
const spansOf = (sql: SqlClient, query: TextQuery): Effect.Effect<ReadonlyArray<KeySpan>, StoreError> => {
  if (query.userId === undefined && query.sessionId === undefined) {
    return Effect.map(
      Effect.flatMap(readRows(sql`SELECT coalesce(max(key), 0) AS key FROM sessions`), decodeKeys),
      Arr.map(({ key }) => ({ from: 0, to: key }))
    )
  }
  return Effect.map(Effect.flatMap(readRows(selectSources(sql, query)), decodeKeys), (sources) => {
    const spans: Array<{ from: number; to: number }> = []
    for (const key of Arr.sort(sources.map(({ key }) => key), Order.reverse(Order.number))) {
      const span = spans.at(-1)
      if (span && span.from - key <= maxGap) span.from = key
      else spans.push({ from: key, to: key })
    }
    return spans
  })
}

const hitOf = (
  { at, description, messageId, name, parts, role, seq, sessionId }: typeof HitRow.Type,
  terms: ReadonlyArray<SearchTerm>
): SearchHit | undefined => {
  if (sessionId === undefined || at === undefined) return undefined
  const common = { sessionId, at, ...(name !== undefined && { sessionName: name }) }
  return messageId === undefined || role === undefined || parts === undefined
    ? { _tag: "Name", ...common, snippet: toSnippet(nameToSearch(name, description), terms) }
    : { _tag: "Message", ...common, messageId, seq, role, snippet: toSnippet(searchText(parts), terms) }
}

/**
 * The matches of an expression in a span of sessions, before a place, latest first. Each has what to show of it, in the
 * oldest session that shows it and matches the query: the session that added it, if that one does. A match that no session
 * may show has no session.
 */
const selectHits = (
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

/** The keys that own the messages which a session, or a user's sessions, show. */
const selectSources = (sql: SqlClient, { sessionId, userId }: TextQuery) =>
  sql`
    SELECT source_key AS key FROM sessions
    CROSS JOIN segments ON segments.session_key = sessions.key AND NOT rewound
    WHERE ${sessionId === undefined ? sql`user_id = ${userId ?? null}` : sql`sessions.id = ${sessionId}`}`
