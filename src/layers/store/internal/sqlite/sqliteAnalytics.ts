import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { analyticsDays } from "../../../../domain/AnalyticsQuery.js"
import { empty, type Rollup } from "../../../../domain/Rollup.js"
import { Usage } from "../../../../domain/Usage.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { analyticsOf } from "../analyticsOf.js"
import { dayText } from "../dayText.js"
import { decodeRow } from "./decodeRow.js"
import { retryWhileBusy } from "./retryWhileBusy.js"
import { selectRollups } from "./selectRollups.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

const Key = Schema.Union(Schema.String, Schema.Int)

const decodeSums = decodeRow(
  Schema.Array(
    Schema.Struct({
      ...Usage.omit("errors", "latency", "turns").fields,
      key: Key,
      latencyMs: Schema.NonNegative,
      maxLatencyMs: Schema.NonNegative
    })
  )
)
const decodeTallies = decodeRow(Schema.Array(Schema.Struct({ key: Key, kind: Key, count: Schema.NonNegativeInt })))

/**
 * Adds up rollups. All of an answer is read at one moment, so that the groups agree with the total.
 */
export const sqliteAnalytics = (sql: SqlClient): Pick<SessionStore["Type"], "analytics"> => {
  const rollupsOf = Effect.fnUntraced(function*(rollups: Rows, tallies: (keys: string) => Rows) {
    const sums = yield* Effect.flatMap(rollups, decodeSums)
    const kinds = Arr.groupBy(
      yield* Effect.flatMap(tallies(JSON.stringify(sums.map(({ key }) => key))), decodeTallies),
      ({ key }) => String(key)
    )
    return sums.map(({ key, ...sum }) => ({ key, rollup: withTallies(sum, kinds[String(key)] ?? []) }))
  })

  const answer = Effect.fnUntraced(function*(query: Parameters<SessionStore["Type"]["analytics"]>[0]) {
    const days = analyticsDays(query, yield* DateTime.now)
    const { groups, total } = selectRollups(sql, query, days)
    const [all] = yield* rollupsOf(total.rollups, () => total.tallies)
    const grouped = groups ? yield* rollupsOf(groups.rollups, groups.tallies) : []
    return analyticsOf(
      query,
      days,
      all?.rollup ?? empty,
      grouped.map(({ key, rollup }) => ({ key: typeof key === "number" ? dayText(key) : key, rollup }))
    )
  })

  return {
    analytics: (query) =>
      retryWhileBusy(Effect.catchTag(sql.withTransaction(answer(query)), "SqlError", storeErrorOrDie))
  }
}

type Rows = Effect.Effect<ReadonlyArray<object>, SqlError>

const withTallies = (
  sums: Omit<Rollup, "errors" | "latencies">,
  tallies: ReadonlyArray<{ readonly kind: number | string; readonly count: number }>
): Rollup => {
  const entries = tallies.map(({ count, kind }) => [kind, count] as const)
  const [errors, latencies] = Arr.partition(entries, ([kind]) => typeof kind === "number")
  return { ...sums, errors: Object.fromEntries(errors), latencies: Object.fromEntries(latencies) }
}
