import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import { withProviderCall } from "../../../domain/SessionMetrics.js"
import type { Turn } from "../../../domain/Turn.js"
import { appendMessages } from "./appendMessages.js"
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
  state: SessionState,
  [turn, ...joined]: readonly [Turn, ...ReadonlyArray<Turn>],
  end: TurnEnd,
  after: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const { error, message } = end
  const metrics = wasCalled(end) ? withProviderCall(state.metrics, hasFailed(end)) : state.metrics
  const { changes, next } = appendMessages(
    { ...state, metrics },
    message ? [message, ...after] : after,
    now,
    windowSize
  )
  const turns = [turn, ...joined]
  const ended: Transition = {
    changes: { ...changes, turns: turns.map((each) => endedTurn(each, error, now, message)) },
    next
  }
  return withEvents(ended, now, [
    ...(message ? [{ _tag: "MessageReceived" as const, message }] : []),
    ...after.map((message) => ({ _tag: "MessageSent" as const, message })),
    ...turns.map(({ id }) => endedEvent(id, error))
  ])
}

/** Nothing is called with a wrong configuration, or past a middleware that refuses what the provider would see. */
const wasCalled = ({ error }: TurnEnd): boolean =>
  error?._tag !== "ConfigurationError" && (error?._tag !== "MiddlewareError" || error.stage === "reply")

/** To be stopped, to run out of time, or to say what a middleware refuses, is no failure of the provider. */
const hasFailed = ({ error }: TurnEnd): boolean =>
  error !== undefined && error._tag !== "TurnStopped" && error._tag !== "DeadlineExceeded" &&
  error._tag !== "MiddlewareError"
