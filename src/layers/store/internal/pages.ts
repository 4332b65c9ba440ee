import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { SessionId } from "../../../domain/Ids.js"
import { type Cursor, cursorOf, type Page } from "../../../domain/Page.js"

/**
 * A place in the list of dead letters: the key of the last one shown.
 */
export const deadLetterCursor = cursorOf(Schema.Struct({ key: Schema.NonNegativeInt }))

/**
 * A place in a history: the `seq` of the last message shown.
 */
export const messageCursor = cursorOf(Schema.Struct({ seq: Schema.NonNegativeInt }))

/**
 * A page of at most `limit` items. `items` holds one more if there is a next page.
 */
export const pageOf = <A>(items: ReadonlyArray<A>, limit: number, cursorAt: (last: A) => Cursor): Page<A> => {
  const page = Arr.take(items, limit)
  return items.length > limit && Arr.isNonEmptyReadonlyArray(page)
    ? { items: page, next: cursorAt(Arr.lastNonEmpty(page)) }
    : { items: page }
}

/**
 * How many items a page holds unless told.
 */
export const pageSize = 50

const place = Schema.Int.pipe(Schema.between(0, 2 ** 31))

/**
 * A place among what was found: the number of the session that said it, which grows with each session, and the `seq`.
 */
export const searchCursor = cursorOf(Schema.Struct({ key: place, seq: place }))

/**
 * A place in a list of sessions: when the last one shown was created, in milliseconds, and its id.
 */
export const sessionCursor = cursorOf(Schema.Struct({ createdAt: Schema.Int, id: SessionId }))
