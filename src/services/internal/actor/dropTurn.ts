import type * as DateTime from "effect/DateTime"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Turn } from "../../../domain/Turn.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import { endedEvent } from "./endedEvent.js"
import { endedTurn } from "./endedTurn.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * The end of a turn that never began: nothing of it enters the history. What it asked stays in its record, unless its sender
 * took it back.
 */
export const dropTurn = (
  state: SessionState,
  turn: Turn,
  error: TurnError,
  now: DateTime.Utc,
  notices: ReadonlyArray<TurnNotice> = []
): Transition => {
  const { prompt, ...ended } = endedTurn(turn, error, now)
  const kept = error._tag === "TurnStopped" || prompt === undefined ? ended : { ...ended, prompt }
  return withEvents({ changes: { turns: [kept] }, next: state }, now, [
    ...notices.map((notice) => ({ _tag: "TurnNoticed" as const, turnId: turn.id, notice })),
    endedEvent(turn.id, error)
  ])
}
