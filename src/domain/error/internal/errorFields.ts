import * as Schema from "effect/Schema"
import { JsonRecord } from "../../JsonRecord.js"
import { SessionId } from "../../SessionId.js"

/**
 * What every error carries beside its tag: a stable `code` for programs in other languages, the session it happened in if
 * there is one, and what else may help to understand it.
 */
export const errorFields = <Code extends string>(code: Code) => ({
  code: Schema.tag(code),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  context: Schema.optionalWith(JsonRecord, { exact: true })
})
