import * as Schema from "effect/Schema"
import { TurnId } from "../TurnId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The turn was cut off because its process stopped. When that was told to stop, what had arrived is kept as a cut reply.
 */
export class TurnInterrupted extends Schema.TaggedError<TurnInterrupted>()("TurnInterrupted", {
  ...errorFields("turn_interrupted"),
  turnId: TurnId
}) {
  override get message(): string {
    return `Turn "${this.turnId}" was interrupted; ask again if the reply is still wanted`
  }
}
