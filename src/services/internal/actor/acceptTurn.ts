import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { SendMessage } from "../../../domain/SendMessage.js"
import type { Prompt, Turn } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * A send that has passed admission.
 */
export interface AdmittedSend {
  readonly turnId: TurnId
  readonly message: SendMessage
  /** What admission made of its content. */
  readonly prompt: Prompt
  /** Of the content as it was sent. Present with a key. */
  readonly digest?: string
  /** What happened on its way. */
  readonly notices?: ReadonlyArray<TurnNotice>
}

/**
 * T1: the turn is stored with what it asks, and will be answered even after a crash.
 */
export const acceptTurn = (
  state: SessionState,
  { digest, message, notices = [], prompt, turnId: id }: AdmittedSend,
  now: DateTime.Utc,
  maxTurnTime: Duration.Duration
): Transition & { readonly turn: Turn } => {
  const { key, onUnknown, timeout, whenBusy = state.session.config.whenBusy } = message
  const turn: Turn = {
    id,
    sessionId: state.session.id,
    ordinal: state.lastOrdinal + 1,
    status: "accepted",
    attempt: 0,
    prompt,
    acceptedAt: now,
    ...(key !== undefined && { key }),
    ...(digest !== undefined && { digest }),
    ...(timeout && { deadlineAt: DateTime.addDuration(now, Duration.min(timeout, maxTurnTime)) }),
    ...(whenBusy !== undefined && { whenBusy }),
    ...(onUnknown !== undefined && { onUnknown })
  }
  const accepted: Transition = { changes: { turns: [turn] }, next: { ...state, lastOrdinal: turn.ordinal } }
  return {
    turn,
    ...withEvents(accepted, now, [
      { _tag: "TurnAccepted", turnId: id },
      ...notices.map((notice) => ({ _tag: "TurnNoticed" as const, turnId: id, notice }))
    ])
  }
}
