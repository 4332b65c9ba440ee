import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The configuration cannot work; `problems` names each thing to change.
 */
export class ConfigurationError extends Schema.TaggedError<ConfigurationError>()("ConfigurationError", {
  ...errorFields("configuration"),
  problems: Schema.NonEmptyArray(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("; ")
  }
}
