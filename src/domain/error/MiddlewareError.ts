import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * A required middleware failed, timed out or refused. Nothing unfiltered was stored or shown.
 */
export class MiddlewareError extends Schema.TaggedError<MiddlewareError>()("MiddlewareError", {
  ...errorFields("middleware"),
  middleware: Schema.String,
  stage: Schema.Literal("admission", "turn", "reply"),
  reason: Schema.String,
  /** Milliseconds after which the same may be let through, where the middleware says so. */
  retryAfterMs: Schema.optionalWith(Schema.NonNegativeInt, { exact: true })
}) {
  override get message(): string {
    return `Middleware "${this.middleware}" stopped the turn at ${this.stage}: ${this.reason}`
  }
}
