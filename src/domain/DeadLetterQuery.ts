import * as Schema from "effect/Schema"
import { HookName } from "./HookName.js"
import { pageFields } from "./internal/pageFields.js"
import { SessionId } from "./SessionId.js"

/**
 * Which dead letters, in the order in which they came. What is left out matches all.
 */
export const DeadLetterQuery = Schema.Struct({
  hook: Schema.optionalWith(HookName, { exact: true }),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  ...pageFields
})
export interface DeadLetterQuery extends Schema.Schema.Type<typeof DeadLetterQuery> {}
