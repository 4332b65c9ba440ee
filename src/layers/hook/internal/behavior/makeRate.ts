import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"

/**
 * Watches how often something happens. It takes the moments of the events themselves, so that events which hooks are told of
 * late, and all at once, are no rush.
 */
export const makeRate = (max: number, within: Duration.Duration) => {
  const span = Duration.toMillis(within)
  let latest: Array<number> = []
  let isAbove = false

  /** Answers how many there were when this one is the first too many. */
  return (at: DateTime.Utc): number | undefined => {
    const now = DateTime.toEpochMillis(at)
    latest = [...latest.filter((then) => then > now - span), now].slice(-(max + 1))
    const wasAbove = isAbove
    isAbove = latest.length > max
    return isAbove && !wasAbove ? latest.length : undefined
  }
}
