import * as Duration from "effect/Duration"
import type { SessionConfig } from "../../../domain/SessionConfig.js"

/** What a store can count with. Nobody waits for longer. */
const longest = Number.MAX_SAFE_INTEGER

/**
 * After how many milliseconds of rest a session is to be archived, and deleted. Whole ones, and never too early.
 */
export const restLimits = ({ autoArchiveAfter, autoDeleteAfter, sessionTimeoutMinutes }: SessionConfig) => ({
  archiveAfterMs: earliest([
    ...(autoArchiveAfter ? [Duration.toMillis(autoArchiveAfter)] : []),
    ...(sessionTimeoutMinutes === undefined ? [] : [sessionTimeoutMinutes * 60_000])
  ]),
  deleteAfterMs: earliest(autoDeleteAfter ? [Duration.toMillis(autoDeleteAfter)] : [])
})

const earliest = (millis: ReadonlyArray<number>): number | undefined =>
  millis.length === 0 ? undefined : Math.ceil(Math.min(...millis, longest))
