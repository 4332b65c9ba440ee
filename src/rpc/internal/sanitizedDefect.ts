import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { v4 } from "uuid"
import { InternalError } from "../../domain/error/RequestError.js"

/**
 * How a defect travels: as an `InternalError`, whatever was thrown. The original is logged under the error's correlation id.
 */
export const SanitizedDefect: Schema.Schema<unknown, typeof InternalError.Encoded> = Schema.transformOrFail(
  InternalError,
  Schema.Unknown,
  { strict: true, decode: ParseResult.succeed, encode: (defect) => sanitize(defect) }
)

const sanitize = Effect.fnUntraced(function*(defect: unknown) {
  const correlationId = v4()
  yield* Effect.logError("A call ended in a defect", Cause.die(withoutValues(defect))).pipe(
    Effect.annotateLogs({ correlationId })
  )
  return new InternalError({ correlationId })
})

// @effect/rpc reports a result that does not fit its schema as a text that quotes the result.
const withoutValues = (defect: unknown) => typeof defect === "string" ? defect.replaceAll(/, actual .*$/gm, "") : defect
