import * as Schema from "effect/Schema"
import { TurnId } from "../TurnId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The turn took longer than it was given. If it had started, its provider call was closed and what had arrived is kept.
 */
export class DeadlineExceeded extends Schema.TaggedError<DeadlineExceeded>()("DeadlineExceeded", {
  ...errorFields("deadline_exceeded"),
  turnId: TurnId
}) {
  override get message(): string {
    return `Turn "${this.turnId}" was not answered in the time it was given; send again with a longer timeout`
  }
}
