import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { TurnId } from "../TurnId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The session has no such turn.
 */
export class TurnNotFound extends Schema.TaggedError<TurnNotFound>()("TurnNotFound", {
  ...errorFields("turn_not_found"),
  sessionId: SessionId,
  turnId: TurnId
}) {
  override get message(): string {
    return `Session "${this.sessionId}" has no turn "${this.turnId}"`
  }
}
