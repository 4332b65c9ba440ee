import * as Arr from "effect/Array"
import { unspacedScripts } from "./internal/unspacedScripts.js"
import { wordsOf } from "./wordsOf.js"

/**
 * One thing to look for: these words, one after the other. With `prefix`, the last one may go on.
 */
export interface SearchTerm {
  readonly words: Arr.NonEmptyReadonlyArray<string>
  readonly prefix: boolean
}

/** A phrase in quotes, or what stands between spaces. A quote that is never closed goes to the end. */
const chunks = /"([^"]*)"?(\*?)|([^\s"]+)/g

/**
 * What a person looks for who writes this: every word of it, anywhere; `"what is in quotes"` as it stands; `begin*` and
 * whatever begins so. Nothing else has a meaning: what is no letter and no digit separates words.
 */
export const termsOf = (text: string): ReadonlyArray<SearchTerm> =>
  Array.from(text.matchAll(chunks)).flatMap(([, phrase, star, chunk = ""]) => {
    const words = Array.from(wordsOf(phrase ?? chunk), ({ word }) => word)
    return Arr.isNonEmptyReadonlyArray(words)
      ? [{ words, prefix: (star === "*" || chunk.endsWith("*")) && goesOn.test(Arr.lastNonEmpty(words)) }]
      : []
  })

/** Where each character is a word, no word goes on. */
const goesOn = new RegExp(`^(?!${unspacedScripts})`, "u")
