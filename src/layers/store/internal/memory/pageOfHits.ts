import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import type { InvalidRequest } from "../../../../domain/error/InvalidRequest.js"
import { matchesOf } from "../../../../domain/matchesOf.js"
import type { Page } from "../../../../domain/Page.js"
import type { SearchHit } from "../../../../domain/SearchHit.js"
import { snippetOf } from "../../../../domain/snippetOf.js"
import { termsOf } from "../../../../domain/termsOf.js"
import type { TextQuery } from "../../../../domain/TextQuery.js"
import { wordsOf } from "../../../../domain/wordsOf.js"
import { nameToSearch } from "../nameToSearch.js"
import { pageOf } from "../pageOf.js"
import { pageSize } from "../pageSize.js"
import { searchCursor } from "../searchCursor.js"
import { textToSearch } from "../textToSearch.js"
import type { MemorySession } from "./MemorySession.js"

interface Place {
  readonly key: number
  readonly seq: number
}

interface Found extends Place {
  readonly hit: SearchHit
}

/**
 * Answers a full-text search by reading all that the sessions say, oldest session first.
 */
export const pageOfHits = (
  sessions: Iterable<MemorySession>,
  { cursor, limit = pageSize, ...query }: TextQuery
): Either.Either<Page<SearchHit>, InvalidRequest> =>
  Either.map(cursor === undefined ? Either.right(undefined) : searchCursor.decode(cursor), (position) => {
    const found = Arr.sort(foundIn(sessions, query), latestFirst)
    const page = pageOf(
      position === undefined ? found : found.filter((place) => latestFirst(place, position) > 0),
      limit,
      ({ key, seq }) => searchCursor.encode({ key, seq })
    )
    return { ...page, items: page.items.map(({ hit }) => hit) }
  })

const latestFirst = Order.reverse(Order.combine(
  Order.mapInput(Order.number, ({ key }: Place) => key),
  Order.mapInput(Order.number, ({ seq }: Place) => seq)
))

const foundIn = (
  sessions: Iterable<MemorySession>,
  { role, sessionId, since, text, userId }: Omit<TextQuery, "cursor" | "limit">
): ReadonlyArray<Found> => {
  const terms = termsOf(text)
  const isFound = (text: string) => {
    const words = Array.from(wordsOf(text))
    return terms.every((term) => matchesOf(words, term).length > 0)
  }
  const isLate = (at: DateTime.Utc) => since === undefined || DateTime.greaterThanOrEqualTo(at, since)

  const found = new Map<string, Found>()
  for (const { history, info } of sessions) {
    if ((userId !== undefined && info.userId !== userId) || (sessionId !== undefined && info.id !== sessionId)) continue
    const { description, name } = info.config
    const common = { sessionId: info.id, ...(name !== undefined && { sessionName: name }) }
    const named = nameToSearch(name, description)
    if (role === undefined && isLate(info.createdAt) && isFound(named)) {
      found.set(`${history.key} 0`, {
        key: history.key,
        seq: 0,
        hit: { _tag: "Name", ...common, at: info.createdAt, snippet: snippetOf(named, terms) }
      })
    }
    for (const { key, message } of history.placed) {
      const said = textToSearch(message.parts)
      const place = `${key} ${message.seq}`
      if (
        found.has(place) || (role !== undefined && message.role !== role) || !isLate(message.createdAt) ||
        !isFound(said)
      ) continue
      found.set(place, {
        key,
        seq: message.seq,
        hit: {
          _tag: "Message",
          ...common,
          messageId: message.id,
          seq: message.seq,
          role: message.role,
          at: message.createdAt,
          snippet: snippetOf(said, terms)
        }
      })
    }
  }
  return [...found.values()]
}
