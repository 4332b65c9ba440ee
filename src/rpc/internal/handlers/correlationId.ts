import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as Predicate from "effect/Predicate"
import { v4 } from "uuid"

const name = "correlationId"

/**
 * Gives the call that this fiber handles a new id. All its log lines have it as the annotation `correlationId`, and a defect of
 * the call reports it, also one in its result, which `@effect/rpc` encodes in this fiber after the handler has ended.
 */
export const newCorrelationId: Effect.Effect<string> = Effect.suspend(() => {
  const id = v4()
  return Effect.as(FiberRef.update(FiberRef.currentLogAnnotations, HashMap.set(name, id as unknown)), id)
})

/**
 * The id of the call that this fiber handles; a new one outside of calls.
 */
export const correlationId: Effect.Effect<string> = Effect.map(Effect.logAnnotations, (annotations) => {
  const id = HashMap.get(annotations, name)
  return id._tag === "Some" && Predicate.isString(id.value) ? id.value : v4()
})
