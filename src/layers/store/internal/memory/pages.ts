import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import type { InvalidRequest } from "../../../../domain/error/RequestError.js"
import type { Page } from "../../../../domain/Page.js"
import { matchesOf, type SearchHit, snippetOf, termsOf, type TextQuery, wordsOf } from "../../../../domain/Search.js"
import type { SessionInfo, SessionQuery } from "../../../../domain/Session.js"
import { pageOf, pageSize, searchCursor, sessionCursor } from "../pages.js"
import { nameToSearch, textToSearch } from "../searchable.js"
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

/**
 * Answers a query from all sessions there are.
 */
export const pageOfSessions = (
  sessions: Iterable<SessionInfo>,
  { cursor, limit = pageSize, ...query }: SessionQuery
): Either.Either<Page<SessionInfo>, InvalidRequest> =>
  Either.map(cursor === undefined ? Either.right(undefined) : sessionCursor.decode(cursor), (position) => {
    const matching = Arr.fromIterable(sessions).filter((session) =>
      matches(query, session) && (position === undefined || newestFirst(positionOf(session), position) > 0)
    )
    return pageOf(
      Arr.sort(matching, Order.mapInput(newestFirst, positionOf)),
      limit,
      (last) => sessionCursor.encode(positionOf(last))
    )
  })

const matches = ({ provider, since, status, tags = [], userId }: SessionQuery, session: SessionInfo): boolean =>
  (userId === undefined || session.userId === userId) &&
  (provider === undefined || session.provider === provider) &&
  (status === undefined || session.status === status) &&
  (since === undefined || DateTime.greaterThanOrEqualTo(session.createdAt, since)) &&
  tags.every((tag) => session.config.tags?.includes(tag) ?? false)

const newestFirst = Order.reverse(Order.struct({ createdAt: Order.number, id: Order.string }))

const positionOf = ({ createdAt, id }: SessionInfo) => ({ createdAt: DateTime.toEpochMillis(createdAt), id })
