import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The provider finished without saying anything.
 */
export class EmptyReply extends Schema.TaggedError<EmptyReply>()("EmptyReply", {
  ...errorFields("empty_reply"),
  provider: Schema.String
}) {
  override get message(): string {
    return `${this.provider} sent an empty reply`
  }
}
