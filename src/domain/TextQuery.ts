import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { DateTimeFromInput } from "./DateTimeFromInput.js"
import { pageFields } from "./internal/pageFields.js"
import { Role } from "./Role.js"
import { SessionId } from "./SessionId.js"
import { termsOf } from "./termsOf.js"
import { UserId } from "./UserId.js"

/** Letters before a `*`: fewer would begin too many words. */
const minPrefix = 3

const problemOf = (text: string): string | undefined => {
  const terms = termsOf(text)
  if (terms.length === 0) return "must have a letter or a digit to look for"
  return terms.some(({ prefix, words }) => prefix && Arr.lastNonEmpty(words).length < minPrefix)
    ? `must have at least ${minPrefix} letters before each *`
    : undefined
}

/**
 * What to look for in messages, and in names and descriptions of sessions. `termsOf` says how `text` is read. What is left
 * out matches all.
 */
export const TextQuery = Schema.Struct({
  text: Schema.String.pipe(
    Schema.maxLength(256),
    Schema.filter(problemOf)
  ),
  /** In sessions of this user only. */
  userId: Schema.optionalWith(UserId, { exact: true }),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  /** Messages of this role only, and no names. */
  role: Schema.optionalWith(Role, { exact: true }),
  /** Stored at this moment or later; for a name, its session. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  ...pageFields
})
export interface TextQuery extends Schema.Schema.Type<typeof TextQuery> {}
