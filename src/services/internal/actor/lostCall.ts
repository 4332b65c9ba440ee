import type * as DateTime from "effect/DateTime"
import { TurnInterrupted } from "../../../domain/error/TurnInterrupted.js"
import type { Turn } from "../../../domain/Turn.js"
import type { CallTrace } from "./CallTrace.js"
import type { SessionState } from "./SessionState.js"

/**
 * What is known of a provider call whose process is gone: that it may have been made. A provider that holds the conversation
 * may have gone on with it, and may not.
 */
export const lostCall = ({ session }: SessionState, turn: Turn, now: DateTime.Utc): CallTrace => {
  const { provider, model } = turn.fallback ?? session
  return {
    attempt: {
      provider,
      model,
      startedAt: turn.startedAt ?? now,
      error: new TurnInterrupted({ sessionId: turn.sessionId, turnId: turn.id })
    },
    cursor: session.cursor && null
  }
}
