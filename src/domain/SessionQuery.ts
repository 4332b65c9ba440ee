import * as Schema from "effect/Schema"
import { DateTimeFromInput } from "./DateTimeFromInput.js"
import { pageFields } from "./internal/pageFields.js"
import { SessionStatus } from "./SessionStatus.js"
import { UserId } from "./UserId.js"

/**
 * Which sessions, newest first. What is left out matches all.
 */
export const SessionQuery = Schema.Struct({
  userId: Schema.optionalWith(UserId, { exact: true }),
  provider: Schema.optionalWith(Schema.String, { exact: true }),
  status: Schema.optionalWith(SessionStatus, { exact: true }),
  /** The session carries all of these. */
  tags: Schema.optionalWith(Schema.Array(Schema.String).pipe(Schema.maxItems(16)), { exact: true }),
  /** Created at this moment or later. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  ...pageFields
})
export interface SessionQuery extends Schema.Schema.Type<typeof SessionQuery> {}
