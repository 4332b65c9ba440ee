import * as Schema from "effect/Schema"
import { MessageId } from "./MessageId.js"

/**
 * How far back to go.
 */
export const RewindSession = Schema.Struct({
  /** The message that is the last one afterwards. */
  to: MessageId
})
export interface RewindSession extends Schema.Schema.Type<typeof RewindSession> {}
