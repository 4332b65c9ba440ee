import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type { InvalidRequest } from "../../../../domain/error/InvalidRequest.js"
import type { Message } from "../../../../domain/Message.js"
import type { MessageQuery } from "../../../../domain/MessageQuery.js"
import type { Page } from "../../../../domain/Page.js"
import { messageCursor } from "../messageCursor.js"
import { pageOf } from "../pageOf.js"
import { pageSize } from "../pageSize.js"

/**
 * Answers a query from a whole history, oldest first.
 */
export const pageOfMessages = (
  history: Iterable<Message>,
  { cursor, limit = pageSize, order = "oldest", role, since }: MessageQuery
): Either.Either<Page<Message>, InvalidRequest> =>
  Either.map(cursor === undefined ? Either.right(undefined) : messageCursor.decode(cursor), (position) => {
    const matching = Arr.fromIterable(history).filter((message) =>
      (position === undefined || (order === "oldest" ? message.seq > position.seq : message.seq < position.seq)) &&
      (role === undefined || message.role === role) &&
      (since === undefined || DateTime.greaterThanOrEqualTo(message.createdAt, since))
    )
    return pageOf(order === "oldest" ? matching : matching.toReversed(), limit, messageCursor.encode)
  })
