import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "./error/InvalidRequest.js"

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
export const cursorOf = <A, I>(position: Schema.Schema<A, I>) => {
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
