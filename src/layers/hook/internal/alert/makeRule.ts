import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionEvent } from "../../../../domain/SessionEvent.js"
import type { Alert } from "./Alert.js"
import type { AlertRule } from "./AlertRule.js"

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
