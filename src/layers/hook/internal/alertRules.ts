import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionEvent } from "../../../domain/Events.js"

/**
 * A rule that fired.
 */
export interface Alert {
  readonly rule: string
  readonly severity: "critical" | "info" | "warning"
  /** Time of the event: ISO 8601, UTC. */
  readonly at: string
  /** The event that made the rule fire. */
  readonly sessionId: string
  readonly number: number
  readonly event: string
  /** Matching events within the time of the threshold. 1 without a threshold. */
  readonly count: number
  /** Alerts of this rule that its cooldown suppressed since the last alert. */
  readonly suppressed: number
}

/**
 * When to send an alert.
 */
export interface AlertRule {
  readonly name: string
  /** The events that the rule counts. */
  readonly when: (event: SessionEvent) => boolean
  /** Fires once `count` matching events happened within `within`. Maximum count: 10,000. Default: at the first event. */
  readonly threshold?: { readonly count: number; readonly within: Duration.DurationInput }
  /** Default: `warning`. */
  readonly severity?: Alert["severity"]
  /** Time after an alert in which the rule sends no other. Default: 5 minutes. */
  readonly cooldown?: Duration.DurationInput
}

/**
 * The state of one rule: matching events, and its cooldown. Both use the monotonic clock, so that setting the system time back
 * does not suppress an alert.
 */
export const makeRule = (
  { cooldown = "5 minutes", name, severity = "warning", threshold = { count: 1, within: 0 }, when }: AlertRule
) => {
  const quiet = toNanos(cooldown)
  const within = toNanos(threshold.within)
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

/** Stands for an infinite duration: 146 years. */
const forever = 1n << 62n
const toNanos = (duration: Duration.DurationInput): bigint =>
  Option.getOrElse(Duration.toNanos(duration), () => forever)

const maxCount = 10_000

/**
 * The problems of a set of rules, as messages.
 */
export const ruleProblems = (rules: ReadonlyArray<AlertRule>): ReadonlyArray<string> => {
  const names = rules.map(({ name }) => name)
  return [
    ...names.filter((name, index) => names.indexOf(name) < index)
      .map((name) => `two rules are named "${name}": rename one of them`),
    ...rules.filter(({ threshold }) => threshold !== undefined && !isCount(threshold.count))
      .map(({ name }) => `the threshold of rule "${name}" must be a whole number from 1 to ${maxCount}`)
  ]
}

const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 1 && count <= maxCount
