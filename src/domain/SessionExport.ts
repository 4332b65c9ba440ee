import * as Schema from "effect/Schema"
import { Message } from "./Message.js"
import { SessionContext } from "./SessionContext.js"
import { SessionInfo } from "./SessionInfo.js"
import { SessionMetrics } from "./SessionMetrics.js"

/**
 * A whole session as one JSON document.
 */
export const SessionExport = Schema.Struct({
  format: Schema.Literal("langswarm-session/1"),
  session: SessionInfo,
  context: SessionContext,
  metrics: SessionMetrics,
  messages: Schema.Array(Message)
})
export interface SessionExport extends Schema.Schema.Type<typeof SessionExport> {}
