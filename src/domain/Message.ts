import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import { FinishReason } from "./FinishReason.js"
import { JsonRecord } from "./JsonRecord.js"
import { MessageId } from "./MessageId.js"
import { Part } from "./Part.js"
import { Role } from "./Role.js"
import { SessionId } from "./SessionId.js"
import { TokenUsage } from "./TokenUsage.js"
import { TurnId } from "./TurnId.js"

/**
 * One entry of a session's history, the same for all providers.
 */
export class Message extends Schema.Class<Message>("Message")({
  id: MessageId,
  sessionId: SessionId,
  /** Place in the session's history: 1, 2, 3, ... without gaps, never used twice. Order never depends on a clock. */
  seq: Schema.Positive.pipe(Schema.int()),
  /** The turn it belongs to. A system message has none. */
  turnId: Schema.optionalWith(TurnId, { exact: true }),
  role: Role,
  parts: Schema.Array(Part),
  createdAt: Schema.DateTimeUtc,
  metadata: JsonRecord,
  /** Set on replies only, as is all below. */
  finishReason: Schema.optionalWith(FinishReason, { exact: true }),
  providerMessageId: Schema.optionalWith(Schema.String, { exact: true }),
  providerMetadata: Schema.optionalWith(JsonRecord, { exact: true }),
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  /** Milliseconds from the provider call to the last token. */
  processingTimeMs: Schema.optionalWith(Schema.NonNegative, { exact: true })
}) {
  /** The text parts, joined. */
  get text(): string {
    return this.parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
  }

  /** Of the id alone: the inherited one writes what it found into the message, and a frozen message refuses that. */
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}
