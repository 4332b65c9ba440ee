import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/**
 * Reads how long a server asks to wait, in milliseconds: a `retry-after` in seconds or as an HTTP date (RFC 9110). `now` is in
 * milliseconds. Undefined when the value is missing or invalid.
 */
export const parseRetryAfter = (value: string | null | undefined, now: number): number | undefined => {
  const seconds = toWait(value)
  if (seconds !== undefined) return seconds * 1000
  if (!value || !httpDate.test(value)) return undefined
  // `DateTime.make` reads a text without a zone as UTC, and does not know the zone "GMT".
  return Option.match(DateTime.make(value.replace(/ GMT$/, "")), {
    onNone: () => undefined,
    onSome: (moment) => Math.max(0, DateTime.toEpochMillis(moment) - now)
  })
}

const httpDate = /^[A-Z][a-z]{2,8},? /

/** A number of seconds or milliseconds in a header. */
export const toWait = (value: string | null | undefined): number | undefined => {
  const number = !value || value.trim() === "" ? Number.NaN : Number(value)
  return Number.isFinite(number) && number >= 0 ? number : undefined
}
