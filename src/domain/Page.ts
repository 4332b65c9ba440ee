import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "./error/RequestError.js"

/**
 * Where a page ended. Opaque: pass it back to get the next page, with the same filters.
 */
export const Cursor = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,512}$/, { description: "a cursor from an earlier page" }),
  Schema.brand("Cursor")
)
export type Cursor = typeof Cursor.Type

/**
 * Makes and reads the cursors of one kind of list. `position` is the keyset of its last row.
 */
export const makeCursorCodec = <A, I>(position: Schema.Schema<A, I>) => {
  const json = Schema.parseJson(position)
  return {
    encode: (value: A): Cursor => Cursor.make(Encoding.encodeBase64Url(Schema.encodeSync(json)(value))),
    decode: (cursor: Cursor): Either.Either<A, InvalidRequest> =>
      Encoding.decodeBase64UrlString(cursor).pipe(
        Either.flatMap(Schema.decodeEither(json)),
        Either.mapLeft(() => new InvalidRequest({ path: ["cursor"], reason: "must be a cursor from an earlier page" }))
      )
  }
}

/**
 * A piece of a list. `next` leads to the following page; the last page has none.
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next?: Cursor
}

export const Page = <A, I, R>(item: Schema.Schema<A, I, R>) =>
  Schema.Struct({ items: Schema.Array(item), next: Schema.optionalWith(Cursor, { exact: true }) })

/**
 * How much of a list to answer, and from where. 50 items unless told, 500 at most.
 */
export const pageFields = {
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 500)), { exact: true }),
  cursor: Schema.optionalWith(Cursor, { exact: true })
}
