import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { DeadLetter } from "../domain/DeadLetter.js"
import { SessionEvent } from "../domain/Events.js"
import { Message } from "../domain/Message.js"
import { ProviderCursor } from "../domain/Provider.js"
import { UsageEntry } from "../domain/Rollup.js"
import { SessionInfo, SessionStatus } from "../domain/Session.js"
import { SessionContext } from "../domain/SessionContext.js"
import { SessionMetrics } from "../domain/SessionMetrics.js"
import { Turn } from "../domain/Turn.js"

/**
 * The changes of one commit. All are stored, or none. Absent fields stay as they are.
 */
export interface SessionChanges {
  readonly status?: SessionStatus
  readonly lastActivityAt?: DateTime.Utc
  /**
   * The new provider, model and config. The session's tags and its times of archiving and deletion stay as they were.
   * `SessionCreated` keeps the first configuration.
   */
  readonly configuration?: Pick<SessionInfo, "config" | "model" | "provider">
  /** The provider's own copy of the conversation; null when it can no longer be resumed. */
  readonly cursor?: ProviderCursor | null
  /** A new version of the context. Earlier versions are kept, each with the `seq` of the last message before it. */
  readonly context?: SessionContext
  readonly metrics?: SessionMetrics
  /** Removes all messages, rewound ones included, before `messages` are added. Their `seq` is not used again. */
  readonly clearMessages?: boolean
  /**
   * Takes the messages after this `seq` out of the history, before `messages` are added. They can still be read. Their `seq` is
   * not used again.
   */
  readonly rewindTo?: number
  /** Appended. The first `seq` follows the last stored one, without gaps; anything else is a defect. */
  readonly messages?: ReadonlyArray<Message>
  /** Added, or replaces the turn with the same id. */
  readonly turns?: ReadonlyArray<Turn>
  /** Appended. The first `number` follows the last stored one, without gaps; anything else is a defect. */
  readonly events?: ReadonlyArray<SessionEvent>
  /** Added to the rollups of the session's user and tags. */
  readonly usage?: ReadonlyArray<UsageEntry>
  /** Hooks have been notified of all events up to this `number`. */
  readonly delivered?: number
  /** Events that a hook failed to handle after all retries. A stored dead letter of the same event and hook is kept. */
  readonly deadLetters?: ReadonlyArray<DeadLetter>
}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * Schema of `SessionChanges` as JSON, for stores that keep a journal of commits.
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
