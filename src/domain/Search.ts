import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { MessageId, SessionId, UserId } from "./Ids.js"
import { DateTimeFromInput } from "./Input.js"
import { Role } from "./Message.js"
import { pageFields } from "./Page.js"
import { SnippetPiece, toSearchTerms } from "./SearchWords.js"

const minPrefixLength = 3

const queryProblem = (text: string): string | undefined => {
  const terms = toSearchTerms(text)
  if (terms.length === 0) return "must have a letter or a digit to look for"
  return terms.some(({ prefix, words }) => prefix && Arr.lastNonEmpty(words).length < minPrefixLength)
    ? `must have at least ${minPrefixLength} letters before each *`
    : undefined
}

/**
 * What to search for in messages and in the names and descriptions of sessions. An absent filter matches everything.
 */
export const TextQuery = Schema.Struct({
  /**
   * Words that must all occur, in any order. `"A phrase"` in quotes matches its words in sequence; `begin*` matches every word with that
   * beginning, of at least 3 letters.
   */
  text: Schema.String.pipe(
    Schema.maxLength(256),
    Schema.filter(queryProblem)
  ),
  /** Only sessions of this user. */
  userId: Schema.optionalWith(UserId, { exact: true }),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  /** Only messages of this role; names are not searched then. */
  role: Schema.optionalWith(Role, { exact: true }),
  /** Stored at this time or later. For a name, the time of its session. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  ...pageFields
})
export interface TextQuery extends Schema.Schema.Type<typeof TextQuery> {}

const hitFields = {
  sessionId: SessionId,
  sessionName: Schema.optionalWith(Schema.String, { exact: true }),
  at: Schema.DateTimeUtc,
  /** About 200 characters around the first match. */
  snippet: Schema.Array(SnippetPiece)
}

/**
 * A result of full-text search: a message, or a session found by its name or description.
 */
export const SearchHit = Schema.Union(
  Schema.TaggedStruct("Message", {
    ...hitFields,
    messageId: MessageId,
    seq: Schema.Positive.pipe(Schema.int()),
    role: Role
  }),
  Schema.TaggedStruct("Name", hitFields)
)
export type SearchHit = typeof SearchHit.Type
