import * as Schema from "effect/Schema"
import { DateTimeFromInput } from "./DateTimeFromInput.js"
import { pageFields } from "./internal/pageFields.js"
import { Role } from "./Role.js"

/**
 * Which messages of a session. What is left out matches all.
 */
export const MessageQuery = Schema.Struct({
  role: Schema.optionalWith(Role, { exact: true }),
  /** Stored at this moment or later. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  /** `oldest` first unless told. `newest` gives the latest messages, the last one first. */
  order: Schema.optionalWith(Schema.Literal("oldest", "newest"), { exact: true }),
  /** Whether to show what was rewound too. False unless told. */
  rewound: Schema.optionalWith(Schema.Boolean, { exact: true }),
  ...pageFields
})
export interface MessageQuery extends Schema.Schema.Type<typeof MessageQuery> {}
