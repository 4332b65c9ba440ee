import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SessionId } from "../../../domain/SessionId.js"

const maxRestarts = 3
const withinNanos = 60_000_000_000n

/**
 * Counts how often the actors of sessions fail, to tell one that had bad luck from one that cannot go on.
 */
export const makeFailureCounter = () => {
  const failures = new Map<SessionId, ReadonlyArray<bigint>>()
  return {
    /** Notes a failure. Answers whether the session may be started again: at most 3 times in 60 seconds. */
    mayRestart: (id: SessionId): Effect.Effect<boolean> =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        for (const [other, times] of failures) {
          if ((times.at(-1) ?? 0n) + withinNanos <= now) failures.delete(other)
        }
        const recent = (failures.get(id) ?? []).filter((time) => time + withinNanos > now)
        failures.set(id, [...recent, now])
        return recent.length < maxRestarts
      }),
    forget: (id: SessionId): void => void failures.delete(id)
  }
}
