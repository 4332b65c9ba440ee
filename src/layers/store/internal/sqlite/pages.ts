import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { maxPageBytes } from "../../../../domain/Size.js"
import { decodeRow } from "./rows.js"

/**
 * Selects the rows that fit into a page of `maxPageBytes`, and always one. `found` selects the places of at most as many rows as
 * the page may have, and one more, in the order of `order`, and the size of each as `bytes`. That size is in the head of a row, so
 * the content of a row is read only when it is returned. `matching` is the number of rows in `found`. The rows are sorted by their
 * `place` afterwards: SQLite would copy their content.
 */
export const selectPage = (
  sql: SqlClient,
  { columns, found, order, rows }: {
    readonly found: Fragment
    readonly rows: Fragment
    readonly columns: Fragment
    readonly order: string
  }
) =>
  sql`
    WITH found AS MATERIALIZED (${found}), summed AS (
      SELECT *, count(*) OVER () AS matching, row_number() OVER place AS place, sum(bytes) OVER place AS total_bytes
      FROM found WINDOW place AS (ORDER BY ${sql.literal(order)} ROWS UNBOUNDED PRECEDING)
    )
    SELECT ${columns}, matching, place FROM summed CROSS JOIN ${rows} WHERE total_bytes <= ${maxPageBytes} OR place = 1`

/**
 * The size of a row as JSON: that of its long columns, and `rest` for its other fields. It is never too small.
 */
export const bytesOfColumns = (columns: ReadonlyArray<string>, rest: number): string =>
  [...columns.map((column) => `ifnull(octet_length(${column}), 0)`), rest].join(" + ")

/**
 * Makes a decoder of the rows of `selectPage`, in order and at most `limit`, that also tells whether more rows match.
 */
export const decodePage = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = decodeRow(Schema.Array(schema))
  return (rows: ReadonlyArray<object>, limit: number) =>
    Effect.gen(function*() {
      const places = yield* decodePlaces(rows)
      const placed = Arr.sort(Arr.zip(rows, places), byPlace).map(([row]) => row)
      const items = yield* decode(Arr.take(placed, limit))
      return { items, hasMore: places.some(({ matching }) => matching > items.length) }
    })
}

const decodePlaces = decodeRow(
  Schema.Array(Schema.Struct({ matching: Schema.NonNegativeInt, place: Schema.NonNegativeInt }))
)

const byPlace = Order.mapInput(Order.number, ([, { place }]: readonly [object, { readonly place: number }]) => place)
