import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import type { InvalidRequest } from "../../../../domain/error/RequestError.js"
import type { Page } from "../../../../domain/Page.js"
import type { SearchHit, TextQuery } from "../../../../domain/Search.js"
import {
  findMatches,
  nameToSearch,
  textToSearch,
  toSearchTerms,
  toSnippet,
  toWords
} from "../../../../domain/SearchWords.js"
import { pageOf, pageSize, searchCursor } from "../pages.js"
import type { MemorySession } from "./MemorySession.js"

interface Place {
  readonly key: number
  readonly seq: number
}

interface PlacedHit extends Place {
  readonly hit: SearchHit
}

/**
 * A page of the matches, latest first. It reads all sessions, oldest first, so that a shared message is a hit of its origin.
 */
export const searchSessions = (
  sessions: Iterable<MemorySession>,
  { cursor, limit = pageSize, ...query }: TextQuery
): Either.Either<Page<SearchHit>, InvalidRequest> =>
  Either.map(cursor === undefined ? Either.right(undefined) : searchCursor.decode(cursor), (position) => {
    const found = Arr.sort(findHits(sessions, query), latestFirst)
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

const findHits = (
  sessions: Iterable<MemorySession>,
  { role, sessionId, since, text, userId }: Omit<TextQuery, "cursor" | "limit">
): ReadonlyArray<PlacedHit> => {
  const terms = toSearchTerms(text)
  const isMatch = (text: string) => {
    const words = Array.from(toWords(text))
    return terms.every((term) => findMatches(words, term).length > 0)
  }
  const isSince = (at: DateTime.Utc) => since === undefined || DateTime.greaterThanOrEqualTo(at, since)

  const found = new Map<string, PlacedHit>()
  for (const { history, info } of sessions) {
    if ((userId !== undefined && info.userId !== userId) || (sessionId !== undefined && info.id !== sessionId)) continue
    const { description, name } = info.config
    const common = { sessionId: info.id, ...(name !== undefined && { sessionName: name }) }
    const named = nameToSearch(name, description)
    if (role === undefined && isSince(info.createdAt) && isMatch(named)) {
      found.set(`${history.key} 0`, {
        key: history.key,
        seq: 0,
        hit: { _tag: "Name", ...common, at: info.createdAt, snippet: toSnippet(named, terms) }
      })
    }
    for (const { key, message } of history.placed) {
      const text = textToSearch(message.parts)
      const place = `${key} ${message.seq}`
      if (
        found.has(place) || (role !== undefined && message.role !== role) || !isSince(message.createdAt) ||
        !isMatch(text)
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
          snippet: toSnippet(text, terms)
        }
      })
    }
  }
  return [...found.values()]
}
