import * as Schema from "effect/Schema"

/** Characters that one text of a message may have. */
export const maxTextLength = 256 * 1024

/**
 * Text of a message: at most 256 Ki characters. A lone surrogate becomes U+FFFD, since no UTF-8 store can keep one.
 */
export const WellFormedText = Schema.transform(
  Schema.String,
  Schema.String.pipe(Schema.maxLength(maxTextLength)),
  { strict: true, decode: (text) => text.toWellFormed(), encode: (text) => text }
)
