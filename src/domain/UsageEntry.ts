import type { Rollup } from "./Rollup.js"

/**
 * What is to be added to the rollups of one day.
 */
export interface UsageEntry {
  /** Whole days since 1970-01-01, in UTC. */
  readonly day: number
  readonly provider: string
  readonly model: string
  readonly added: Rollup
}
