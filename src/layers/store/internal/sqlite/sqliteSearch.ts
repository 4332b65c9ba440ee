import type { SqlClient } from "@effect/sql/SqlClient"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { Page } from "../../../../domain/Page.js"
import type { SearchHit } from "../../../../domain/SearchHit.js"
import { snippetOf } from "../../../../domain/snippetOf.js"
import { type SearchTerm, termsOf } from "../../../../domain/termsOf.js"
import type { TextQuery } from "../../../../domain/TextQuery.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { nameToSearch } from "../nameToSearch.js"
import { pageSize } from "../pageSize.js"
import { searchCursor } from "../searchCursor.js"
import { decodeRow } from "./decodeRow.js"
import { HitRow } from "./HitRow.js"
import { readRows } from "./readRows.js"
import { searchText } from "./searchText.js"
import { type HitPlace, type KeySpan, selectHits } from "./selectHits.js"
import { selectSources } from "./selectSources.js"

/** Statements that one page takes at most. */
const maxStatements = 256

/** Sessions that a statement looks through: few, and more as long as it is quick. */
const firstWidth = 64
const maxWidth = 8192
const quick = "2 millis"
const slow = "8 millis"

/** How many sessions of others may lie between two of a user's for both to be looked through at once. */
const maxGap = 8

/** How long a search waits for what was said before it to be indexed; then it finds what is. */
const patience = "2 seconds"

const decodeHits = decodeRow(Schema.Array(HitRow))
const decodeKeys = decodeRow(Schema.Array(Schema.Struct({ key: Schema.NonNegativeInt })))

/** Before all there will ever be, and still a number that SQLite can shift. */
const beginning: HitPlace = { key: 2 ** 31, seq: 0 }

/**
 * Full-text search. FTS5 is asked for words only, each in quotes, and for a piece of the index at a time: no words that are
 * everywhere but never together make it look through all of it in one go.
 */
export const sqliteSearch = (
  sql: SqlClient,
  catchUp: Effect.Effect<void, StoreError>
): NonNullable<SessionStore["Type"]["search"]> =>
  Effect.fnUntraced(function*(query) {
    const { cursor, limit = pageSize } = query
    const start = cursor === undefined ? beginning : yield* searchCursor.decode(cursor)
    yield* Effect.timeoutOption(catchUp, patience)

    const terms = termsOf(query.text)
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

/** Words hold nothing but letters and digits, so there is nothing to escape. */
const expressionOf = (terms: ReadonlyArray<SearchTerm>): string =>
  terms.map(({ prefix, words }) => `"${words.join(" ")}"${prefix ? "*" : ""}`).join(" AND ")

/** The sessions whose messages may be found, the latest first. */
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
    ? { _tag: "Name", ...common, snippet: snippetOf(nameToSearch(name, description), terms) }
    : { _tag: "Message", ...common, messageId, seq, role, snippet: snippetOf(searchText(parts), terms) }
}
