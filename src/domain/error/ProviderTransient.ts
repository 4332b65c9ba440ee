import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The provider is overloaded or cannot be reached (HTTP 408, 409, 429, 5xx). The same request may work later.
 */
export class ProviderTransient extends Schema.TaggedError<ProviderTransient>()("ProviderTransient", {
  ...errorFields("provider_transient"),
  provider: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.provider} failed for the moment; try again: ${this.reason}`
  }
}
