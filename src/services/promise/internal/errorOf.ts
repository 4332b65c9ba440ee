import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { v4 } from "uuid"
import { InternalError } from "../../../domain/error/InternalError.js"
import { ShuttingDown } from "../../../domain/error/ShuttingDown.js"

/**
 * What a promise rejects with: the error itself; an `InternalError` for a defect, whose text goes to the log; `ShuttingDown`
 * when nobody waits for the rest of it any more.
 */
export const errorOf = (cause: Cause.Cause<unknown>): Effect.Effect<unknown> => {
  const failure = Cause.failureOption(cause)
  if (Option.isSome(failure)) return Effect.succeed(failure.value)
  const defect = Cause.dieOption(cause)
  if (Option.isNone(defect)) return Effect.succeed(new ShuttingDown({}))
  if (defect.value instanceof InternalError) return Effect.succeed(defect.value)
  const correlationId = v4()
  return Effect.logError("A call ended in a defect", cause).pipe(
    Effect.annotateLogs({ correlationId }),
    Effect.as(new InternalError({ correlationId }))
  )
}
