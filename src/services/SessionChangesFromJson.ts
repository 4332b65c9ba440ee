import * as Schema from "effect/Schema"
import { DeadLetter } from "../domain/DeadLetter.js"
import { Message } from "../domain/Message.js"
import { ProviderCursor } from "../domain/ProviderCursor.js"
import { SessionContext } from "../domain/SessionContext.js"
import { SessionEvent } from "../domain/SessionEvent.js"
import { SessionInfo } from "../domain/SessionInfo.js"
import { SessionMetrics } from "../domain/SessionMetrics.js"
import { SessionStatus } from "../domain/SessionStatus.js"
import { Turn } from "../domain/Turn.js"
import { UsageEntry } from "../domain/UsageEntry.js"
import type { SessionChanges } from "./SessionChanges.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * `SessionChanges` as JSON, for a store that writes down what it commits.
 */
export const SessionChangesFromJson = Schema.Struct(
  {
    status: optional(SessionStatus),
    lastActivityAt: optional(Schema.DateTimeUtc),
    configuration: optional(SessionInfo.pick("config", "model", "provider")),
    cursor: optional(Schema.NullOr(ProviderCursor)),
    context: optional(SessionContext),
    metrics: optional(SessionMetrics),
    clearMessages: optional(Schema.Boolean),
    rewindTo: optional(Schema.NonNegativeInt),
    messages: optional(Schema.Array(Message)),
    turns: optional(Schema.Array(Turn)),
    events: optional(Schema.Array(SessionEvent)),
    usage: optional(Schema.Array(UsageEntry)),
    delivered: optional(Schema.NonNegativeInt),
    deadLetters: optional(Schema.Array(DeadLetter))
  } satisfies Record<keyof SessionChanges, unknown>
)
