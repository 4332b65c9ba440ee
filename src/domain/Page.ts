import * as Schema from "effect/Schema"
import { Cursor } from "./Cursor.js"

/**
 * A piece of a list. `next` leads to the following page; the last page has none.
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next?: Cursor
}

export const Page = <A, I, R>(item: Schema.Schema<A, I, R>) =>
  Schema.Struct({ items: Schema.Array(item), next: Schema.optionalWith(Cursor, { exact: true }) })
