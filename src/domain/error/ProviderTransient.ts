import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The provider is overloaded or cannot be reached (HTTP 408, 409, 429, 5xx), and has certainly not begun to answer. The same
 * request may work later, and is tried again as long as nothing has come of the reply.
 */
export class ProviderTransient extends Schema.TaggedError<ProviderTransient>()("ProviderTransient", {
  ...errorFields("provider_transient"),
  provider: Schema.String,
  reason: Schema.String,
  /** Milliseconds to wait at least, where the provider says so. */
  retryAfterMs: Schema.optionalWith(Schema.NonNegative, { exact: true })
}) {
  override get message(): string {
    return `${this.provider} failed for the moment; try again: ${this.reason}`
  }
}
