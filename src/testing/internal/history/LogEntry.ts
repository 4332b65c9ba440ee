import * as Schema from "effect/Schema"
import { SessionError } from "../../../domain/error/SessionError.js"
import { FeedEvent } from "../../../domain/FeedEvent.js"
import { FeedPosition } from "../../../domain/FeedPosition.js"
import { IdempotencyKey } from "../../../domain/IdempotencyKey.js"
import { Message } from "../../../domain/Message.js"
import { SessionId } from "../../../domain/SessionId.js"
import { TurnId } from "../../../domain/TurnId.js"

const sessionId = SessionId
const key = IdempotencyKey
const watcher = Schema.String

/**
 * What one client, one watcher or the provider has seen, written down when it saw it. The order matters within a watcher
 * only, so the logs of many processes can be put one after the other.
 *
 * - `Sent`: a send is about to go out. One that is repeated with its key is one send.
 * - `Accepted`, `Replied`, `Failed`: what a send with this key has answered.
 * - `Watched`: a watcher begins, `from` there, or at the beginning. `Fed`: it was given this. One that begins again where it
 *   left off goes on, and is written down as one.
 * - `Called`: the provider was called for a turn. Leave out calls that it refused without an answer, which are repeated.
 */
export const LogEntry = Schema.Union(
  Schema.TaggedStruct("Sent", { sessionId, key }),
  Schema.TaggedStruct("Accepted", { sessionId, key, turnId: TurnId }),
  Schema.TaggedStruct("Replied", { sessionId, key, message: Message }),
  Schema.TaggedStruct("Failed", { sessionId, key, error: SessionError }),
  Schema.TaggedStruct("Watched", {
    sessionId,
    watcher,
    from: Schema.optionalWith(FeedPosition, { exact: true })
  }),
  Schema.TaggedStruct("Fed", { sessionId, watcher, ...FeedEvent.fields }),
  Schema.TaggedStruct("Called", { sessionId, turnId: TurnId })
)
export type LogEntry = typeof LogEntry.Type

/** The entries of one kind. */
export type EntryOf<Tag extends LogEntry["_tag"]> = Extract<LogEntry, { readonly _tag: Tag }>

export const entriesOf = <Tag extends LogEntry["_tag"]>(
  log: ReadonlyArray<LogEntry>,
  tag: Tag
): ReadonlyArray<EntryOf<Tag>> => log.filter((entry): entry is EntryOf<Tag> => entry._tag === tag)
