import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

/**
 * The call carries no valid token.
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  ...errorFields("unauthorized")
}) {
  override get message(): string {
    return "The token is missing or wrong; pass the one the server was started with"
  }
}
