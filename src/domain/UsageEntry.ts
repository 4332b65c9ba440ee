import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { empty, Rollup } from "./Rollup.js"
import type { SessionInfo } from "./SessionInfo.js"

/**
 * What is to be added to the rollups of one day.
 */
export const UsageEntry = Schema.Struct({
  /** See `dayOf`. */
  day: Schema.Int,
  provider: Schema.String,
  model: Schema.String,
  added: Rollup
})
export interface UsageEntry extends Schema.Schema.Type<typeof UsageEntry> {}

const dayMs = 86_400_000

/**
 * The UTC day of a moment, in whole days since 1970-01-01.
 */
export const dayOf = (moment: DateTime.Utc): number => Math.floor(DateTime.toEpochMillis(moment) / dayMs)

/**
 * Where a day begins.
 */
export const startOfDay = (day: number): DateTime.Utc => DateTime.unsafeMake(day * dayMs)

/**
 * What the start of a session adds.
 */
export const usageOfStart = ({ createdAt, model, provider }: SessionInfo): UsageEntry => ({
  day: dayOf(createdAt),
  provider,
  model,
  added: { ...empty, sessions: 1 }
})
