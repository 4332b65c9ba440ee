import type * as DateTime from "effect/DateTime"
import type { TurnStopped } from "../../../domain/error/TurnStopped.js"
import type { Turn } from "../../../domain/Turn.js"
import { type CallTrace, traceCall } from "./CallTrace.js"
import { endedEvent } from "./endedEvent.js"
import { endedTurn } from "./endedTurn.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * The end of a turn that is to leave the history again, with those that joined it. All that came since its question is its
 * own, since nothing else may fall into a turn.
 */
export const rollBackTurn = (
  before: SessionState,
  [running, ...joined]: readonly [Turn, ...ReadonlyArray<Turn>],
  error: TurnStopped,
  trace: CallTrace,
  now: DateTime.Utc
): Transition => {
  const { bodies, changes, state, turn } = traceCall(before, running, trace)
  const to = (turn.promptSeq ?? state.lastSeq + 1) - 1
  const turns = [turn, ...joined]
  const { session } = state
  return withEvents(
    {
      changes: {
        ...changes,
        rewindTo: to,
        metrics: state.metrics,
        lastActivityAt: now,
        turns: turns.map((each) => endedTurn(each, error, now))
      },
      next: {
        ...state,
        session: { ...session, lastActivityAt: now, messageCount: session.messageCount - (state.lastSeq - to) },
        window: state.window.filter(({ seq }) => seq <= to)
      }
    },
    now,
    [...bodies, ...turns.map(({ id }) => endedEvent(id, error)), { _tag: "MessagesRewound", to }]
  )
}
