import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

const httpDate = /^[A-Z][a-z]{2,8},? /

/**
 * How long a vendor asks to be left alone, in milliseconds: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date
 * (RFC 9110). Nothing when it makes no sense.
 */
export const retryAfterOf = (headers: Headers, now: number): number | undefined => {
  const ms = toNumber(headers.get("retry-after-ms"))
  if (ms !== undefined) return ms
  const value = headers.get("retry-after")
  const seconds = toNumber(value)
  if (seconds !== undefined) return seconds * 1000
  if (value === null || !httpDate.test(value)) return undefined
  // `DateTime` takes a text without a zone that it knows for UTC, and does not know this one.
  return Option.match(DateTime.make(value.replace(/ GMT$/, "")), {
    onNone: () => undefined,
    onSome: (moment) => Math.max(0, DateTime.toEpochMillis(moment) - now)
  })
}

const toNumber = (value: string | null): number | undefined => {
  const number = value === null || value.trim() === "" ? Number.NaN : Number(value)
  return Number.isFinite(number) && number >= 0 ? number : undefined
}
