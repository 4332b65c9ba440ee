import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import type { InvalidRequest } from "../../../../domain/error/InvalidRequest.js"
import type { Page } from "../../../../domain/Page.js"
import type { SessionInfo } from "../../../../domain/SessionInfo.js"
import type { SessionQuery } from "../../../../domain/SessionQuery.js"
import { pageOf } from "../pageOf.js"
import { pageSize } from "../pageSize.js"
import { sessionCursor } from "../sessionCursor.js"

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
