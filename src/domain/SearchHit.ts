import * as Schema from "effect/Schema"
import { MessageId } from "./MessageId.js"
import { Role } from "./Role.js"
import { SessionId } from "./SessionId.js"

/**
 * A piece of a snippet, and whether it is what was looked for. Text and no markup: it is for whoever shows it to escape.
 */
export const SnippetPiece = Schema.Struct({ text: Schema.String, match: Schema.Boolean })
export interface SnippetPiece extends Schema.Schema.Type<typeof SnippetPiece> {}

const common = {
  sessionId: SessionId,
  sessionName: Schema.optionalWith(Schema.String, { exact: true }),
  at: Schema.DateTimeUtc,
  /** About 200 characters around the first match. */
  snippet: Schema.Array(SnippetPiece)
}

/**
 * What a full-text search has found: a message, or a session by its name or description.
 */
export const SearchHit = Schema.Union(
  Schema.TaggedStruct("Message", {
    ...common,
    messageId: MessageId,
    seq: Schema.Positive.pipe(Schema.int()),
    role: Role
  }),
  Schema.TaggedStruct("Name", common)
)
export type SearchHit = typeof SearchHit.Type
