import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The provider refuses the request as it is (HTTP 400, 404, 413, 422). Never retried.
 */
export class ProviderRejected extends Schema.TaggedError<ProviderRejected>()("ProviderRejected", {
  ...errorFields("provider_rejected"),
  provider: Schema.String,
  reason: Schema.String,
  /** The request is longer than the model can take. */
  overflow: Schema.optionalWith(Schema.Literal(true), { exact: true })
}) {
  override get message(): string {
    return `${this.provider} rejected the request: ${this.reason}`
  }
}
