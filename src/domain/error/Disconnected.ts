import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The connection to the server failed. If the call was `sent`, it is not known whether the server did what was asked.
 */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", {
  ...errorFields("disconnected"),
  reason: Schema.String,
  /** Whether the call may have reached the server. */
  sent: Schema.Boolean
}) {
  override get message(): string {
    return `The server cannot be reached: ${this.reason}`
  }
}
