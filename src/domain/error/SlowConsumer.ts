import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The reader of a stream or a feed fell too far behind. Nothing is lost: watch from the last position, or send again with the
 * same key, to go on.
 */
export class SlowConsumer extends Schema.TaggedError<SlowConsumer>()("SlowConsumer", {
  ...errorFields("slow_consumer"),
  sessionId: SessionId
}) {
  override get message(): string {
    return `A stream of session "${this.sessionId}" was cut because its reader is too slow; go on from where it was left`
  }
}
