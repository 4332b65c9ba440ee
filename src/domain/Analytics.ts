import * as Schema from "effect/Schema"
import { Usage } from "./Usage.js"

/**
 * What was used over a period. It stays when sessions are deleted.
 */
export const Analytics = Schema.Struct({
  /** The first moment of the first day. */
  from: Schema.DateTimeUtc,
  /** The end of the last day: the first moment that is not in it. */
  to: Schema.DateTimeUtc,
  total: Usage,
  /**
   * Present when the query groups. Days in order, as `2026-03-01`, those without use left out; any other with the most turns
   * first.
   */
  groups: Schema.optionalWith(Schema.Array(Schema.Struct({ key: Schema.String, usage: Usage })), { exact: true }),
  /** True when there are more groups than `limit`. The latest days are answered. */
  moreGroups: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export interface Analytics extends Schema.Schema.Type<typeof Analytics> {}
