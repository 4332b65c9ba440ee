/**
 * A rule has come true.
 */
export interface Alert {
  readonly rule: string
  readonly severity: "critical" | "info" | "warning"
  /** When the event happened: ISO 8601, UTC. */
  readonly at: string
  /** The event that made it true. */
  readonly sessionId: string
  readonly number: number
  readonly event: string
  /** How many such events there were within the time of the rule; 1 without a threshold. */
  readonly count: number
  /** Alerts of this rule that were not sent since the one before, in its cooldown. */
  readonly suppressed: number
}
