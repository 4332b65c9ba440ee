import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { jittered } from "../jittered.js"

const backoff = Schedule.union(Schedule.exponential("500 millis"), Schedule.spaced("8 seconds"))

/**
 * When a provider call that has certainly not begun is made again: after half a second and then ever later, and no sooner
 * than the provider asked for.
 */
export const providerRetries = (times: number): Schedule.Schedule<unknown, ProviderError> =>
  Schedule.identity<ProviderError>().pipe(
    Schedule.intersect(jittered(backoff)),
    Schedule.intersect(Schedule.recurs(times)),
    Schedule.modifyDelay(([[error]], delay) => Duration.max(delay, retryAfter(error)))
  )

const retryAfter = (error: ProviderError): Duration.Duration =>
  Duration.millis(error._tag === "ProviderTransient" ? Math.ceil(error.retryAfterMs ?? 0) : 0)
