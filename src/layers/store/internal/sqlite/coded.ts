import * as Record from "effect/Record"
import * as Schema from "effect/Schema"

/**
 * A column that holds a number in place of each word.
 */
export const coded = <Word extends string>(codes: Readonly<Record<Word, number>>): Schema.Schema<Word, number> =>
  Schema.transformLiterals(...Record.toEntries(codes).map(([word, code]) => [code, word] as const))
