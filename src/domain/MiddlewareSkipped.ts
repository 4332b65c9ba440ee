import * as Schema from "effect/Schema"

/**
 * An optional middleware did not do its work, and the turn went on without it. `refused`: it refused, which only a required
 * one may. `timedOut`: it took too long. `wrongAnswer`: what it answered was not taken. `failed`: a defect, or a failure
 * that it does not declare.
 */
export const MiddlewareSkipped = Schema.TaggedStruct("MiddlewareSkipped", {
  middleware: Schema.String,
  stage: Schema.Literal("admission", "turn", "reply"),
  reason: Schema.Literal("refused", "timedOut", "wrongAnswer", "failed")
})
export interface MiddlewareSkipped extends Schema.Schema.Type<typeof MiddlewareSkipped> {}
