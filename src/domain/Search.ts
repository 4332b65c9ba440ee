import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { MessageId, SessionId, UserId } from "./Ids.js"
import { DateTimeFromInput } from "./Input.js"
import { Role } from "./Message.js"
import { pageFields } from "./Page.js"

/**
 * A piece of a snippet, and whether it is what was looked for. Text and no markup: it is for whoever shows it to escape.
 */
export const SnippetPiece = Schema.Struct({ text: Schema.String, match: Schema.Boolean })
export interface SnippetPiece extends Schema.Schema.Type<typeof SnippetPiece> {}

const common = {
  sessionId: SessionId,
  sessionName: Schema.optionalWith(Schema.String, { exact: true }),
  at: Schema.DateTimeUtc,
  /** About 200 characters around the first match. */
  snippet: Schema.Array(SnippetPiece)
}

/**
 * What a full-text search has found: a message, or a session by its name or description.
 */
export const SearchHit = Schema.Union(
  Schema.TaggedStruct("Message", {
    ...common,
    messageId: MessageId,
    seq: Schema.Positive.pipe(Schema.int()),
    role: Role
  }),
  Schema.TaggedStruct("Name", common)
)
export type SearchHit = typeof SearchHit.Type

/**
 * A character of a script that puts no space between words, for a regular expression with the flag `u`.
 */
export const unspacedScripts =
  "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]"

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

/** Characters of a snippet. */
const length = 200

/** Characters of it before the first match. */
const before = 60

/**
 * A piece of a text around the first thing that was looked for, with all that was, in pieces. White space is one space.
 */
export const snippetOf = (text: string, terms: ReadonlyArray<SearchTerm>): ReadonlyArray<SnippetPiece> => {
  const words = Array.from(wordsOf(text))
  const ranges = Arr.sort(terms.flatMap((term) => matchesOf(words, term)), byPlace)
  const start = startOf(text, ranges[0]?.from ?? 0)
  const end = endOf(text, start + length)

  const pieces = [piece(start > 0 ? "…" : "", false)]
  let at = start
  for (const { from, to } of ranges) {
    if (from >= end) break
    // What is in two terms at once is shown once.
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

const byPlace = Order.mapInput(Order.number, ({ from }: TextRange) => from)

const piece = (text: string, match: boolean): SnippetPiece => ({ text: text.replaceAll(/\s+/gu, " "), match })

/** After a space, if there is one near. */
const startOf = (text: string, match: number): number => {
  if (match <= before) return 0
  const from = match - before
  const space = text.slice(from, match).search(/\s/u)
  return space === -1 ? wholeCharacter(text, from) : from + space + 1
}

const endOf = (text: string, at: number): number => at >= text.length ? text.length : wholeCharacter(text, at)

/** A surrogate alone is no character. */
const wholeCharacter = (text: string, at: number): number => /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at + 1 : at
