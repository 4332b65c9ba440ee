import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import type { Turn } from "../../../domain/Turn.js"
import { appendMessages } from "./appendMessages.js"
import { traceCall } from "./CallTrace.js"
import { endedEvent } from "./endedEvent.js"
import { endedTurn } from "./endedTurn.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import type { TurnEnd } from "./TurnEnd.js"
import { withEvents } from "./withEvents.js"

/**
 * T3: the terminal record of a turn and of those that joined it, in one commit with the reply or with what had arrived of it,
 * and with what else must stand after it.
 */
export const endTurn = (
  before: SessionState,
  [running, ...joined]: readonly [Turn, ...ReadonlyArray<Turn>],
  end: TurnEnd,
  after: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const { error, message } = end
  const { bodies, changes: traced, state, turn } = traceCall(before, running, end)
  const { changes, next } = appendMessages(state, message ? [message, ...after] : after, now, windowSize)
  const turns = [turn, ...joined]
  const ended: Transition = {
    changes: { ...changes, ...traced, turns: turns.map((each) => endedTurn(each, error, now, message)) },
    next
  }
  return withEvents(ended, now, [
    ...bodies,
    ...(message ? [{ _tag: "MessageReceived" as const, message }] : []),
    ...after.map((message) => ({ _tag: "MessageSent" as const, message })),
    ...turns.map(({ id }) => endedEvent(id, error))
  ])
}
