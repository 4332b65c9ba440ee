import * as Schema from "effect/Schema"

/**
 * One line that names or describes something, of at most `maxLength` characters. Refuses control characters, which a terminal
 * or a database would act on, and lone surrogates, which a UTF-8 store would change.
 */
export const ShortText = (maxLength: number) =>
  Schema.String.pipe(
    Schema.maxLength(maxLength),
    Schema.pattern(/^[^\p{Cc}\p{Cs}]*$/u, { description: "text without control characters or lone surrogates" })
  )
