import * as Arr from "effect/Array"
import type { Cursor } from "../../../domain/Cursor.js"
import type { Page } from "../../../domain/Page.js"

/**
 * A page of at most `limit` items. `items` holds one more if there is a next page.
 */
export const pageOf = <A>(items: ReadonlyArray<A>, limit: number, cursorAt: (last: A) => Cursor): Page<A> => {
  const page = Arr.take(items, limit)
  return items.length > limit && Arr.isNonEmptyReadonlyArray(page)
    ? { items: page, next: cursorAt(Arr.lastNonEmpty(page)) }
    : { items: page }
}
