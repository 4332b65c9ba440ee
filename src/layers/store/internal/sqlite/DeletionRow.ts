import * as Schema from "effect/Schema"
import { SessionId } from "../../../../domain/SessionId.js"
import { UserId } from "../../../../domain/UserId.js"

/**
 * A row of `deletions`.
 */
export const DeletionRow = Schema.Struct({
  sessionId: SessionId,
  userId: UserId,
  provider: Schema.String,
  number: Schema.Positive.pipe(Schema.int()),
  at: Schema.DateTimeUtcFromNumber
})
