import type * as DateTime from "effect/DateTime"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { Turn } from "../../../domain/Turn.js"
import type { TurnEnd } from "./TurnEnd.js"

/**
 * What hooks are told at the end of a turn.
 */
export const endEvents = (
  { id: turnId, sessionId }: Turn,
  { error, message }: TurnEnd,
  at: DateTime.Utc
): ReadonlyArray<SessionEvent> => [
  ...(message ? [{ _tag: "MessageReceived" as const, sessionId, at, message }] : []),
  error === undefined
    ? { _tag: "TurnCompleted" as const, sessionId, at, turnId }
    : error._tag === "TurnStopped"
    ? { _tag: "TurnStopped" as const, sessionId, at, turnId }
    : { _tag: "TurnFailed" as const, sessionId, at, turnId, error }
]
