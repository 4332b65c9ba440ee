import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import type { InvalidRequest } from "../../../../domain/error/RequestError.js"
import type { Page } from "../../../../domain/Page.js"
import type { SessionInfo, SessionQuery } from "../../../../domain/Session.js"
import { pageOf, pageSize, sessionCursor } from "../pages.js"

/**
 * A page of the matching sessions, newest first, from all sessions.
 */
export const listSessions = (
  sessions: Iterable<SessionInfo>,
  { cursor, limit = pageSize, ...query }: SessionQuery
): Either.Either<Page<SessionInfo>, InvalidRequest> =>
  Either.map(cursor === undefined ? Either.right(undefined) : sessionCursor.decode(cursor), (position) => {
    const matching = Arr.fromIterable(sessions).filter((session) =>
      matches(query, session) && (position === undefined || newestFirst(toPosition(session), position) > 0)
    )
    return pageOf(
      Arr.sort(matching, Order.mapInput(newestFirst, toPosition)),
      limit,
      (last) => sessionCursor.encode(toPosition(last))
    )
  })

const matches = ({ provider, since, status, tags = [], userId }: SessionQuery, session: SessionInfo): boolean =>
  (userId === undefined || session.userId === userId) &&
  (provider === undefined || session.provider === provider) &&
  (status === undefined || session.status === status) &&
  (since === undefined || DateTime.greaterThanOrEqualTo(session.createdAt, since)) &&
  tags.every((tag) => session.config.tags?.includes(tag) ?? false)

const newestFirst = Order.reverse(Order.struct({ createdAt: Order.number, id: Order.string }))

const toPosition = ({ createdAt, id }: SessionInfo) => ({ createdAt: DateTime.toEpochMillis(createdAt), id })
