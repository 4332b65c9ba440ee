import * as Schema from "effect/Schema"
import { Message } from "./Message.js"
import { SessionContext } from "./SessionContext.js"
import { SessionInfo } from "./SessionInfo.js"
import { SessionMetrics } from "./SessionMetrics.js"
import { Turn } from "./Turn.js"

/** Far more than any session has, and few enough that what comes after can be counted. */
const place = Schema.NonNegativeInt.pipe(Schema.lessThanOrEqualTo(2 ** 40))

/**
 * A whole session as one JSON document, from which it can be restored: its history, what was rewound and can still be read,
 * the contexts that a fork or a rewind can come back to, and the turns that have ended.
 *
 * Left out are turns that have not ended, with what they ask; the events; and a provider's own copy of the conversation, since
 * two sessions must not go on with one. What a fork shares is written out, so that it needs no origin.
 */
export const SessionExport = Schema.Struct({
  format: Schema.Literal("langswarm-session/1"),
  session: SessionInfo.omit("cursor"),
  /** Highest `seq` ever used. The messages do not come to it where a history was cleared, and have gaps where a fork's has. */
  lastSeq: place,
  /** Highest turn `ordinal` ever used. */
  lastOrdinal: place,
  metrics: SessionMetrics,
  /** Oldest first, each from the `seq` that was the last when it came. The last one is the session's context. */
  contexts: Schema.NonEmptyArray(Schema.Struct({ since: place, context: SessionContext })),
  /** The history, by `seq`. */
  messages: Schema.Array(Message),
  /** What has left the history and can still be read, by `seq`. */
  rewound: Schema.Array(Message),
  /** Those that have ended, by `ordinal`. */
  turns: Schema.Array(Turn)
})
export interface SessionExport extends Schema.Schema.Type<typeof SessionExport> {}
