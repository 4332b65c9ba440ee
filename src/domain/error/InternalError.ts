import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * A defect of the server. Its text stays in the server's log, under `correlationId`.
 */
export class InternalError extends Schema.TaggedError<InternalError>()("InternalError", {
  ...errorFields("internal"),
  correlationId: Schema.String
}) {
  override get message(): string {
    return `The server failed; its log tells more under ${this.correlationId}`
  }
}
