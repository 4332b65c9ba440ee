import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { InternalError } from "../../../domain/error/RequestError.js"
import { correlationId } from "./correlationId.js"

/**
 * How a defect travels: as an `InternalError`, whatever was thrown. The original is logged under the correlation id of
 * the call, which the error has.
 */
export const SanitizedDefect: Schema.Schema<unknown, typeof InternalError.Encoded> = Schema.transformOrFail(
  InternalError,
  Schema.Unknown,
  { strict: true, decode: ParseResult.succeed, encode: (defect) => sanitize(defect) }
)

const sanitize = Effect.fnUntraced(function*(defect: unknown) {
  const id = yield* correlationId
  yield* Effect.annotateLogs(Effect.logError("A call ended in a defect", Cause.die(withoutValues(defect))), {
    correlationId: id
  })
  return new InternalError({ correlationId: id })
})

// @effect/rpc reports a result that does not fit its schema as a text that quotes the result.
const withoutValues = (defect: unknown) => typeof defect === "string" ? defect.replaceAll(/, actual .*$/gm, "") : defect
