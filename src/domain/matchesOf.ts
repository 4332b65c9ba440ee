import type { SearchTerm } from "./termsOf.js"
import type { Word } from "./wordsOf.js"

/** A part of a text, from one character up to another. */
export interface TextRange {
  readonly from: number
  readonly to: number
}

/**
 * Where a term stands among words.
 */
export const matchesOf = (
  words: ReadonlyArray<Word>,
  { prefix, words: sought }: SearchTerm
): ReadonlyArray<TextRange> => {
  const last = sought.length - 1
  const fits = (start: number) =>
    sought.every((word, index) => {
      const found = words[start + index]?.word
      return found === word || (prefix && index === last && found !== undefined && found.startsWith(word))
    })
  return words.flatMap(({ from }, index) => fits(index) ? [{ from, to: words[index + last]?.to ?? from }] : [])
}
