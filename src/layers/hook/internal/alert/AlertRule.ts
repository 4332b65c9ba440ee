import type * as Duration from "effect/Duration"
import type { SessionEvent } from "../../../../domain/SessionEvent.js"
import type { Alert } from "./Alert.js"

/**
 * When to alert somebody.
 */
export interface AlertRule {
  readonly name: string
  readonly when: (event: SessionEvent) => boolean
  /** Only once so many such events have come within so long; at the first one unless told. 10,000 at most. */
  readonly threshold?: { readonly count: number; readonly within: Duration.DurationInput }
  /** `warning` unless told. */
  readonly severity?: Alert["severity"]
  /** How long it stays quiet after an alert. 5 minutes unless told. */
  readonly cooldown?: Duration.DurationInput
}
