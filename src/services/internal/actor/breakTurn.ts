import type * as DateTime from "effect/DateTime"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"
import type { Turn } from "../../../domain/Turn.js"
import { dropTurn } from "./dropTurn.js"
import { endTurn } from "./endTurn.js"
import { rollBackTurn } from "./rollBackTurn.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import type { TurnEnd } from "./TurnEnd.js"

/**
 * The end of a turn that has no whole reply: it never began, it is taken back, or it stays with what had arrived.
 */
export const breakTurn = (
  state: SessionState,
  turns: readonly [Turn, ...ReadonlyArray<Turn>],
  end: TurnEnd & { readonly error: TurnError },
  rollBack: boolean,
  after: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const [turn] = turns
  const { error } = end
  if (turn.status === "accepted") return dropTurn(state, turn, error, now, end.notices)
  return rollBack && error._tag === "TurnStopped"
    ? rollBackTurn(state, turns, error, end, now)
    : endTurn(state, turns, end, after, now, windowSize)
}
