import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The runtime is stopping and starts no new turns. Nothing was stored; send again later.
 */
export class ShuttingDown extends Schema.TaggedError<ShuttingDown>()("ShuttingDown", {
  ...errorFields("shutting_down")
}) {
  override get message(): string {
    return "The runtime is shutting down; send again once it is back"
  }
}
