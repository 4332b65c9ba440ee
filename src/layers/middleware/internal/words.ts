import * as Effect from "effect/Effect"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import type { Span } from "./texts.js"

/**
 * A text as a reader takes it, and where it stands in the one it was made of.
 */
export interface FoldedText {
  readonly folded: string
  /** The span of the original: with the marks and invisible characters inside it and right behind it. */
  readonly original: (start: number, end: number) => Span
}

/** Characters folded before the event loop goes round. */
const stretchFoldText = 16_384
const invisible = /^[\p{Cf}\u034F\uFE00-\uFE0F]$/u
const digit = /^\p{Nd}$/u

/**
 * Lookalikes become the characters they look like (NFKC), digits of every script 0 to 9, and invisible characters go.
 */
export const foldCharacter = (character: string): string => {
  if (invisible.test(character)) return ""
  const plain = character.normalize("NFKC")
  if (!digit.test(plain)) return plain
  const code = plain.codePointAt(0) ?? 0
  const nibble = code & 0xf
  // A script's zero has a code that ends in 0 or in 6.
  return String(nibble <= 9 && digit.test(String.fromCodePoint(code - nibble)) ? nibble : nibble - 6)
}

/** The same, and without case and diacritics. */
export const foldWordCharacter = (character: string): string =>
  foldCharacter(character).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()

export const foldText = Effect.fnUntraced(function*(text: string, fold: (character: string) => string) {
  const offsets = new Array<number>()
  const pieces = new Array<string>()
  let next = stretchFoldText
  let at = 0
  for (const character of text) {
    const piece = character >= "0" && character <= "9" ? character : fold(character)
    for (let unit = 0; unit < piece.length; unit++) offsets.push(at)
    pieces.push(piece)
    at += character.length
    if (at >= next) {
      next += stretchFoldText
      yield* eventLoopTurn
    }
  }
  const place = (index: number) => offsets[index] ?? text.length
  // Of a character that became several, none is cut in two: it may be two units.
  const after = (index: number) => place(index) + ((text.codePointAt(place(index)) ?? 0) > 0xffff ? 2 : 1)
  const folded: FoldedText = {
    folded: pieces.join(""),
    original: (start, end) => ({ start: place(start), end: Math.max(place(end), after(end - 1)) })
  }
  return folded
})

interface Node {
  readonly next: Map<string, Node>
  ends: boolean
}

const maxWords = 10_000
const maxLength = 128
/** Words that are looked at before the event loop goes round: each may begin a phrase of many. */
const stretch = 2048
const token = /[\p{L}\p{N}_]+/gu
const allowed = /^[\p{L}\p{M}\p{N}_'’\s-]+$/u

/**
 * Up to 10,000 words and phrases of up to 128 characters, as a finder of them in a folded text. Between the words of a
 * phrase anything that is no letter or digit may stand. Fails with each that holds something else than words.
 */
export const compileWords = (
  words: ReadonlyArray<string>
): Effect.Effect<(folded: string) => Effect.Effect<ReadonlyArray<Span>>, ConfigurationError> => {
  const [problem, ...more] = words.length > maxWords
    ? [`more than ${maxWords} words`]
    : words.flatMap((word, index) =>
      word.length > maxLength
        ? [`word ${index}: longer than ${maxLength} characters`]
        : !allowed.test(word) || tokensOf(fold(word)).length === 0
        ? [`word ${index}: only letters, digits, spaces, "-" and "'" make a word: use a pattern`]
        : []
    )
  if (problem !== undefined) return Effect.fail(new ConfigurationError({ problems: [problem, ...more] }))
  const root = node()
  for (const word of words) add(root, tokensOf(fold(word)).map(({ word }) => word))
  return Effect.succeed((folded) => find(root, folded))
}

const node = (): Node => ({ next: new Map(), ends: false })
const fold = (word: string) => Array.from(word, foldWordCharacter).join("")

const tokensOf = (folded: string) =>
  Array.from(folded.matchAll(token), (match) => ({
    word: match[0],
    start: match.index,
    end: match.index + match[0].length
  }))

const add = (root: Node, words: ReadonlyArray<string>) => {
  let at = root
  for (const word of words) {
    const next = at.next.get(word) ?? node()
    at.next.set(word, next)
    at = next
  }
  at.ends = true
}

const find = Effect.fnUntraced(function*(root: Node, folded: string) {
  const found: Array<Span> = []
  const tokens = tokensOf(folded)
  for (const [first, { start }] of tokens.entries()) {
    let at = root.next.get(tokens[first]?.word ?? "")
    let end: number | undefined
    for (let index = first; at !== undefined; index++) {
      if (at.ends) end = tokens[index]?.end
      at = at.next.get(tokens[index + 1]?.word ?? "")
    }
    if (end !== undefined) found.push({ start, end })
    if (first % stretch === stretch - 1) yield* eventLoopTurn
  }
  return found
})
