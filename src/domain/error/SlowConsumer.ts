import * as Schema from "effect/Schema"
import { TurnId } from "../TurnId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The reader of a stream fell too far behind. The turn goes on; its reply will be in the history.
 */
export class SlowConsumer extends Schema.TaggedError<SlowConsumer>()("SlowConsumer", {
  ...errorFields("slow_consumer"),
  turnId: TurnId
}) {
  override get message(): string {
    return `The stream of turn "${this.turnId}" was cut because its reader is too slow; read the reply from the history`
  }
}
