import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The connection to the server failed. Whether the server did what was asked is not known.
 */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", {
  ...errorFields("disconnected"),
  reason: Schema.String
}) {
  override get message(): string {
    return `The server cannot be reached: ${this.reason}`
  }
}
