import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { v4 } from "uuid"
import { InternalError } from "../../../domain/error/RequestError.js"

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

const annotation = "correlationId"

/**
 * Gives the call that this fiber handles a new id. All its log lines have it as the annotation `correlationId`, and a defect of
 * the call reports it, also one in its result, which `@effect/rpc` encodes in this fiber after the handler has ended.
 */
export const newCorrelationId: Effect.Effect<string> = Effect.suspend(() => {
  const id = v4()
  return Effect.as(FiberRef.update(FiberRef.currentLogAnnotations, HashMap.set(annotation, id as unknown)), id)
})

/**
 * The id of the call that this fiber handles; a new one outside of calls.
 */
const correlationId: Effect.Effect<string> = Effect.map(Effect.logAnnotations, (annotations) => {
  const id = HashMap.get(annotations, annotation)
  return id._tag === "Some" && Predicate.isString(id.value) ? id.value : v4()
})
