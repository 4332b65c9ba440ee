import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The store behind the sessions cannot do that, as not every store has to.
 */
export class NotSupported extends Schema.TaggedError<NotSupported>()("NotSupported", {
  ...errorFields("not_supported"),
  capability: Schema.Literal("search", "optimize", "stats", "backup")
}) {
  override get message(): string {
    return `The store does not support ${this.capability}: use one that does, such as SqliteSessionStore`
  }
}
