import * as DateTime from "effect/DateTime"
import { empty, type Rollup } from "./Rollup.js"
import type { SessionInfo } from "./SessionInfo.js"

/**
 * What is to be added to the rollups of one day.
 */
export interface UsageEntry {
  /** See `dayOf`. */
  readonly day: number
  readonly provider: string
  readonly model: string
  readonly added: Rollup
}

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
