import * as Schema from "effect/Schema"
import { TurnId } from "../TurnId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * Somebody stopped the turn. What had arrived is kept as a cut reply, unless that was not wanted.
 */
export class TurnStopped extends Schema.TaggedError<TurnStopped>()("TurnStopped", {
  ...errorFields("turn_stopped"),
  turnId: TurnId
}) {
  override get message(): string {
    return `Turn "${this.turnId}" was stopped`
  }
}
