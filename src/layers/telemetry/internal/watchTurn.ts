import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { SessionError } from "../../../domain/error/SessionError.js"
import type { TurnStatus } from "../../../domain/Turn.js"
import type { Instrumentation } from "../../../services/internal/Instrumentation.js"
import { endSpan } from "./endSpan.js"
import { ofExit } from "./SpanEnd.js"

/**
 * A span from a turn's acceptance to its end. It belongs to the span of its sender, whether that waits for it or not; a turn
 * that an earlier process has left belongs to none.
 */
export const watchTurn: Instrumentation["turn"] = ({ id, ordinal, sessionId }, { model, provider }) =>
  Effect.zipWith(
    Effect.clock,
    Effect.makeSpan("turn", {
      captureStackTrace: false,
      attributes: {
        "gen_ai.conversation.id": sessionId,
        "langswarm.turn.id": id,
        "langswarm.turn.ordinal": ordinal,
        "langswarm.session.provider": provider,
        "gen_ai.request.model": model
      }
    }),
    (clock, span) => ({
      within: Effect.withParentSpan(span),
      end: (exit) => {
        span.attribute("langswarm.turn.outcome", outcomeOf(exit))
        endSpan(span, clock, ofExit(exit))
      }
    })
  )

/** As the turn's own record has it. */
const outcomeOf = (exit: Exit.Exit<unknown, SessionError>): TurnStatus => {
  if (Exit.isSuccess(exit)) return "completed"
  switch (Option.getOrUndefined(Cause.failureOption(exit.cause))?._tag) {
    case "TurnInterrupted":
      return "interrupted"
    case "TurnStopped":
      return "stopped"
    default:
      return "failed"
  }
}
