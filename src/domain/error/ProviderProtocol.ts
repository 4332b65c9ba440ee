import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The provider's stream broke off or made no sense. What had arrived is kept as a cut reply.
 */
export class ProviderProtocol extends Schema.TaggedError<ProviderProtocol>()("ProviderProtocol", {
  ...errorFields("provider_protocol"),
  provider: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.provider} broke off its reply: ${this.reason}`
  }
}
