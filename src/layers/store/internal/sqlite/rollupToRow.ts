import * as Record from "effect/Record"
import type { Rollup } from "../../../../domain/Rollup.js"
import type { UsageEntry } from "../../../../domain/UsageEntry.js"

/** A row of `rollups`, but for whose it is. */
export type RollupColumns =
  & Omit<Rollup, "errors" | "latencies">
  & Pick<UsageEntry, "day" | "model" | "provider">

export interface RollupRow {
  readonly columns: RollupColumns
  /** What `rollup_tallies` counts, each with its number. */
  readonly tallies: ReadonlyArray<readonly [kind: number | string, count: number]>
}

export const rollupToRow = (
  { added: { errors, latencies, ...sums }, day, model, provider }: UsageEntry
): RollupRow => ({
  columns: { day, provider, model, ...sums },
  tallies: [
    ...Record.toEntries(latencies).map(([bucket, count]) => [Number(bucket), count] as const),
    ...Record.toEntries(errors)
  ]
})
