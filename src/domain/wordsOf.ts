import { unspacedScripts } from "./internal/unspacedScripts.js"

/**
 * A word as full-text search knows it, and where it stands in its text.
 */
export interface Word {
  readonly word: string
  readonly from: number
  readonly to: number
}

const letters = /[\p{L}\p{N}\p{M}]+/gu
const ascii = /^[\0-\x7F]*$/
/** Chinese characters that are their own decomposition, as nearly all are. */
const plainHan = /^[\u4E00-\u9FFF]$/
/** Marks go, but for the two that make other syllables of kana. */
const noLetters = /(?![\u3099\u309A])[^\p{L}\p{N}]/gu

const unspaced = new RegExp(`${unspacedScripts}\\p{M}*`, "gu")

/** No word is longer; what it goes on with is not looked at. */
const maxLength = 64

/**
 * The words of a text, in order: runs of letters and digits, without regard to case, accents, and the width of characters.
 * Where a script has no spaces, each character is a word.
 *
 * This is what full-text search means by a word, in every store: what a text is indexed by, what a query asks for, and what
 * a snippet marks.
 */
export function* wordsOf(text: string): Generator<Word> {
  for (const { 0: run, index } of text.matchAll(letters)) {
    if (ascii.test(run)) yield wordAt(run.toLowerCase(), index, index + run.length)
    else yield* wordsOfRun(run, index)
  }
}

function* wordsOfRun(run: string, start: number): Generator<Word> {
  let from = 0
  for (const { 0: character, index } of run.matchAll(unspaced)) {
    yield* folded(run.slice(from, index), start + from)
    yield* folded(character, start + index)
    from = index + character.length
  }
  yield* folded(run.slice(from), start + from)
}

function* folded(run: string, from: number): Generator<Word> {
  const word = plainHan.test(run)
    ? run
    : run.normalize("NFKD").replaceAll(noLetters, "").toLowerCase().replaceAll("ς", "σ").normalize("NFC")
  if (word !== "") yield wordAt(word, from, from + run.length)
}

const wordAt = (word: string, from: number, to: number): Word => ({
  word: word.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, ""),
  from,
  to
})
