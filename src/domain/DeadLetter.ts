import * as Schema from "effect/Schema"
import { HookName } from "./HookName.js"
import { SessionId } from "./SessionId.js"

/**
 * An event that a hook was told of in vain until its retries were used up. `sessionId` and `number` name the event; what the
 * hook said of it is in the log only, since that may quote what people said.
 */
export const DeadLetter = Schema.Struct({
  hook: HookName,
  sessionId: SessionId,
  number: Schema.Positive.pipe(Schema.int()),
  /** The `_tag` of the event. */
  event: Schema.String,
  /** When the hook gave up last. */
  at: Schema.DateTimeUtc,
  /** How often it was told, later replays included. */
  attempts: Schema.Positive.pipe(Schema.int()),
  reason: Schema.Literal("failed", "died", "timedOut", "interrupted")
})
export interface DeadLetter extends Schema.Schema.Type<typeof DeadLetter> {}
