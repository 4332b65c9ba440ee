import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionEvent } from "../../../domain/Events.js"

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

/**
 * A rule that counts, and knows when it alerted last. Both by the monotonic clock: nobody wants to miss an alert because the
 * time was set back.
 */
export const makeRule = (
  { cooldown = "5 minutes", name, severity = "warning", threshold = { count: 1, within: 0 }, when }: AlertRule
) => {
  const quiet = nanosOf(cooldown)
  const within = nanosOf(threshold.within)
  let matched: Array<bigint> = []
  let quietUntil: bigint | undefined
  let suppressed = 0

  return (event: SessionEvent): Effect.Effect<Option.Option<Alert>> =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      if (!when(event)) return Option.none()
      matched = [...matched.filter((then) => now - then <= within), now].slice(-threshold.count)
      const count = matched.length
      if (count < threshold.count) return Option.none()
      if (quietUntil !== undefined && now < quietUntil) {
        suppressed += 1
        return Option.none()
      }
      const alert: Alert = {
        rule: name,
        severity,
        at: DateTime.formatIso(event.at),
        sessionId: event.sessionId,
        number: event.number,
        event: event._tag,
        count,
        suppressed
      }
      quietUntil = now + quiet
      suppressed = 0
      return Option.some(alert)
    })
}

const ages = 1n << 62n
const nanosOf = (duration: Duration.DurationInput): bigint => Option.getOrElse(Duration.toNanos(duration), () => ages)

const maxCount = 10_000

/**
 * What is wrong with rules, in words.
 */
export const ruleProblems = (rules: ReadonlyArray<AlertRule>): ReadonlyArray<string> => {
  const names = rules.map(({ name }) => name)
  return [
    ...names.filter((name, index) => names.indexOf(name) < index)
      .map((name) => `there are two rules "${name}"; give one of them another name`),
    ...rules.filter(({ threshold }) => threshold !== undefined && !isCount(threshold.count))
      .map(({ name }) => `the threshold of rule "${name}" must be a whole number from 1 to ${maxCount}`)
  ]
}

const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 1 && count <= maxCount
