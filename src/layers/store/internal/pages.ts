import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { SessionId } from "../../../domain/Ids.js"
import { type Cursor, makeCursorCodec, type Page } from "../../../domain/Page.js"
import { maxPageBytes, takeBytes } from "../../../domain/Size.js"

/**
 * A position in the list of dead letters: the key of the last one shown.
 */
export const deadLetterCursor = makeCursorCodec(Schema.Struct({ key: Schema.NonNegativeInt }))

/**
 * A position in a history: the `seq` of the last message shown.
 */
export const messageCursor = makeCursorCodec(Schema.Struct({ seq: Schema.NonNegativeInt }))

/**
 * Makes a page of at most `limit` items and `maxPageBytes`. `items` holds one more when there is a next page.
 */
export const pageOf = <A>(items: ReadonlyArray<A>, limit: number, cursorAt: (last: A) => Cursor): Page<A> => {
  const page = takeBytes(Arr.take(items, limit), maxPageBytes)
  return pageBefore(page, items.length > page.length, cursorAt)
}

/**
 * Makes a page of all the items. `hasMore` tells whether there is a next one.
 */
export const pageBefore = <A>(
  items: ReadonlyArray<A>,
  hasMore: boolean,
  cursorAt: (last: A) => Cursor
): Page<A> =>
  hasMore && Arr.isNonEmptyReadonlyArray(items) ? { items, next: cursorAt(Arr.lastNonEmpty(items)) } : { items }

/**
 * The limit of a page for a query without one.
 */
export const pageSize = 50

const place = Schema.Int.pipe(Schema.between(0, 2 ** 31))

/**
 * A position among search hits: the number of the session that added the message, which grows with each session, and the `seq`.
 */
export const searchCursor = makeCursorCodec(Schema.Struct({ key: place, seq: place }))

/**
 * A position in a list of sessions: when the last one shown was created, in milliseconds, and its id.
 */
export const sessionCursor = makeCursorCodec(Schema.Struct({ createdAt: Schema.Int, id: SessionId }))
