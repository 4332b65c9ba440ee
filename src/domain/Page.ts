import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "./error/RequestError.js"

/**
 * The end of a page. Opaque: pass it with the same filters to get the next page.
 */
export const Cursor = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,512}$/, { description: "a cursor from an earlier page" }),
  Schema.brand("Cursor")
)
export type Cursor = typeof Cursor.Type

/**
 * Encodes and decodes the cursors of one list. `position` is the keyset of a page's last row. Decoding fails with
 * `InvalidRequest`.
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
 * One page of a list. `next` is the cursor of the following page; it is absent on the last one.
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next?: Cursor
}

/**
 * The schema of a page.
 */
export const Page = <A, I, R>(item: Schema.Schema<A, I, R>) =>
  Schema.Struct({ items: Schema.Array(item), next: Schema.optionalWith(Cursor, { exact: true }) })

/**
 * The fields of a paged query: `limit`, at most 500 (default: 50), and `cursor`, the end of the previous page.
 */
export const pageFields = {
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 500)), { exact: true }),
  cursor: Schema.optionalWith(Cursor, { exact: true })
}
