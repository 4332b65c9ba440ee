import type * as DateTime from "effect/DateTime"
import { withProviderCall } from "../../../domain/SessionMetrics.js"
import type { Turn, TurnStatus } from "../../../domain/Turn.js"
import { appendMessage } from "./appendMessage.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import type { TurnEnd } from "./TurnEnd.js"

/**
 * T3: the turn's one terminal record, in one commit with the reply or with what had arrived of it.
 */
export const endTurn = (
  state: SessionState,
  turn: Turn,
  end: TurnEnd,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const { error, message } = end
  const called = {
    ...state,
    session: { ...state.session, lastActivityAt: now },
    metrics: wasCalled(end) ? withProviderCall(state.metrics, hasFailed(end)) : state.metrics
  }
  const next = message ? appendMessage(called, message, now, windowSize) : called
  return {
    changes: {
      turns: [{
        ...turn,
        status: statusAfter(end),
        endedAt: now,
        ...(message && { replySeq: message.seq }),
        ...(error && { errorCode: error.code })
      }],
      metrics: next.metrics,
      lastActivityAt: now,
      ...(message && { messages: [message] })
    },
    next
  }
}

const statusAfter = ({ error }: TurnEnd): TurnStatus => {
  switch (error?._tag) {
    case undefined:
      return "completed"
    case "TurnInterrupted":
      return "interrupted"
    case "TurnStopped":
      return "stopped"
    default:
      return "failed"
  }
}

/** Nothing is called with a wrong configuration, or past a middleware that refuses what the provider would see. */
const wasCalled = ({ error }: TurnEnd): boolean =>
  error?._tag !== "ConfigurationError" && (error?._tag !== "MiddlewareError" || error.stage === "reply")

/** To be stopped, or to say what a middleware refuses, is no failure of the provider. */
const hasFailed = ({ error }: TurnEnd): boolean =>
  error !== undefined && error._tag !== "TurnStopped" && error._tag !== "MiddlewareError"
