import * as Schema from "effect/Schema"

/**
 * Names whose session it is, in the words of the embedding application (a key, a user name, an e-mail address): 1 to 256
 * characters, none of them a control character or a lone surrogate, none of them blank at either end.
 */
export const UserId = Schema.NonEmptyTrimmedString.pipe(
  Schema.maxLength(256),
  Schema.pattern(/^[^\p{Cc}\p{Cs}]*$/u, { description: "no control characters or lone surrogates" }),
  Schema.brand("UserId")
)
export type UserId = typeof UserId.Type
