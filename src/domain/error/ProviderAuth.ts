import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The provider refuses the credentials (HTTP 401, 403). Never retried.
 */
export class ProviderAuth extends Schema.TaggedError<ProviderAuth>()("ProviderAuth", {
  ...errorFields("provider_auth"),
  provider: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.provider} refused the credentials; check its API key: ${this.reason}`
  }
}
