import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import type { Part } from "./Message.js"
import type { SessionConfig } from "./SessionConfig.js"

/**
 * A word as full-text search sees it, and its range in the text.
 */
export interface Word extends TextRange {
  readonly word: string
}

/** A range of a text: `from` is included, `to` is not. */
export interface TextRange {
  readonly from: number
  readonly to: number
}

/**
 * A character of a script that puts no space between words, for a regular expression with the flag `u`.
 */
const unspacedScripts =
  "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]"

const letters = /[\p{L}\p{N}\p{M}]+/gu
const ascii = /^[\0-\x7F]*$/
/** Chinese characters that are their own decomposition, as nearly all are. */
const plainHan = /^[\u4E00-\u9FFF]$/
/** Removes marks, except the two that turn kana into other syllables. */
const noLetters = /(?![\u3099\u309A])[^\p{L}\p{N}]/gu

const unspaced = new RegExp(`${unspacedScripts}\\p{M}*`, "gu")

/** Words are cut to this length. */
const maxWordLength = 64

/**
 * The words of a text, in order: runs of letters and digits, without regard to case, accents or character width. In scripts
 * without spaces, each character is a word.
 *
 * This defines a word for every store: in the index, in a query and in a snippet.
 */
export function* toWords(text: string): Generator<Word> {
  for (const { 0: run, index } of text.matchAll(letters)) {
    if (ascii.test(run)) yield wordAt(run.toLowerCase(), index, index + run.length)
    else yield* splitRun(run, index)
  }
}

function* splitRun(run: string, start: number): Generator<Word> {
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
  word: word.slice(0, maxWordLength).replace(/[\uD800-\uDBFF]$/, ""),
  from,
  to
})

/**
 * One thing to search for: these words, one after the other. With `prefix`, the last word may be the beginning of a longer one.
 */
export interface SearchTerm {
  readonly words: Arr.NonEmptyReadonlyArray<string>
  readonly prefix: boolean
}

/** A quoted phrase, or text between spaces. An unclosed quote extends to the end of the text. */
const chunks = /"([^"]*)"?(\*?)|([^\s"]+)/g

/** A word that can be a prefix: in scripts without spaces, no word is longer than its character. */
const canBePrefix = new RegExp(`^(?!${unspacedScripts})`, "u")

/**
 * Parses a query: all of its words, anywhere; `"a phrase"` in sequence; `begin*` for words with that beginning. Nothing else
 * has a meaning: any character that is no letter or digit separates words.
 */
export const toSearchTerms = (text: string): ReadonlyArray<SearchTerm> =>
  Array.from(text.matchAll(chunks)).flatMap(([, phrase, star, chunk = ""]) => {
    const words = Array.from(toWords(phrase ?? chunk), ({ word }) => word)
    return Arr.isNonEmptyReadonlyArray(words)
      ? [{ words, prefix: (star === "*" || chunk.endsWith("*")) && canBePrefix.test(Arr.lastNonEmpty(words)) }]
      : []
  })

/**
 * The ranges of a text that match a term. `words` are the words of the text.
 */
export const findMatches = (
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

/**
 * A piece of a snippet. `match` marks what was searched for. The text is not escaped: escape it before you display it.
 */
export const SnippetPiece = Schema.Struct({ text: Schema.String, match: Schema.Boolean })
export interface SnippetPiece extends Schema.Schema.Type<typeof SnippetPiece> {}

const snippetLength = 200

/** Characters of a snippet before the first match. */
const leadLength = 60

/**
 * The part of a text around its first match, about 200 characters, with every match in it marked. White space becomes one space.
 */
export const toSnippet = (text: string, terms: ReadonlyArray<SearchTerm>): ReadonlyArray<SnippetPiece> => {
  const words = Array.from(toWords(text))
  const ranges = Arr.sort(terms.flatMap((term) => findMatches(words, term)), byStart)
  const start = startOf(text, ranges[0]?.from ?? 0)
  const end = endOf(text, start + snippetLength)

  const pieces = [piece(start > 0 ? "…" : "", false)]
  let at = start
  for (const { from, to } of ranges) {
    if (from >= end) break
    // Overlapping matches are shown once.
    if (to <= at) continue
    pieces.push(
      piece(text.slice(at, Math.max(at, from)), false),
      piece(text.slice(Math.max(at, from), Math.min(to, end)), true)
    )
    at = Math.min(to, end)
  }
  pieces.push(piece(text.slice(at, end) + (end < text.length ? "…" : ""), false))
  return pieces.filter(({ text }) => text !== "")
}

const byStart = Order.mapInput(Order.number, ({ from }: TextRange) => from)

const piece = (text: string, match: boolean): SnippetPiece => ({ text: text.replaceAll(/\s+/gu, " "), match })

/** Starts after a space where there is one between here and the match. */
const startOf = (text: string, match: number): number => {
  if (match <= leadLength) return 0
  const from = match - leadLength
  const space = text.slice(from, match).search(/\s/u)
  return space === -1 ? wholeCharacter(text, from) : from + space + 1
}

const endOf = (text: string, at: number): number => at >= text.length ? text.length : wholeCharacter(text, at)

/** Never cuts a surrogate pair in two. */
const wholeCharacter = (text: string, at: number): number => /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at + 1 : at

/**
 * The text that search indexes of a session itself: its name and its description.
 */
export const nameToSearch = (name?: string | null, description?: string | null): string =>
  [name, description].filter((text) => text !== undefined && text !== null).join("\n")

/**
 * Whether there is anything to index of a session itself.
 */
export const hasNameToSearch = ({ description, name }: SessionConfig): boolean => nameToSearch(name, description) !== ""

/** Characters of a message that search indexes, so that a long message does not hold up others. */
const maxIndexedLength = 64 * 1024

/**
 * The text that search indexes of a message: its text parts, in order.
 */
export const textToSearch = (parts: ReadonlyArray<Part>): string =>
  parts.flatMap((part) => part._tag === "Text" ? [part.text] : []).join("\n").slice(0, maxIndexedLength)
