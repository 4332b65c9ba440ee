import type { SessionFootprint } from "./SessionFootprint.js"

/**
 * What went with a session that was erased.
 */
export interface ErasedSession extends SessionFootprint {
  /** Whether its provider has removed its own copy of the conversation. Absent when it held none. */
  readonly isForgotten?: boolean
}
