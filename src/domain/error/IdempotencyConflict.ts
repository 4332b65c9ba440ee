import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { TurnId } from "../TurnId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The key of a send names a turn that was asked something else. Nothing was stored.
 */
export class IdempotencyConflict extends Schema.TaggedError<IdempotencyConflict>()("IdempotencyConflict", {
  ...errorFields("idempotency_conflict"),
  sessionId: SessionId,
  turnId: TurnId
}) {
  override get message(): string {
    return `The key belongs to turn "${this.turnId}", which was asked something else; use another key for another message`
  }
}
