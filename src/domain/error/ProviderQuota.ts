import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The account's quota or balance is used up (HTTP 402, some 429). Never retried.
 */
export class ProviderQuota extends Schema.TaggedError<ProviderQuota>()("ProviderQuota", {
  ...errorFields("provider_quota"),
  provider: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.provider} reports a used-up quota: ${this.reason}`
  }
}
