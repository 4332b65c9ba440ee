import * as Effect from "effect/Effect"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import type { Span } from "./Span.js"

/**
 * A text as a reader takes it, and where it stands in the one it was made of.
 */
export interface FoldedText {
  readonly folded: string
  /** The span of the original: with the marks and invisible characters inside it and right behind it. */
  readonly original: (start: number, end: number) => Span
}

/** Characters folded before the event loop goes round. */
const stretch = 16_384
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
  let next = stretch
  let at = 0
  for (const character of text) {
    const piece = character >= "0" && character <= "9" ? character : fold(character)
    for (let unit = 0; unit < piece.length; unit++) offsets.push(at)
    pieces.push(piece)
    at += character.length
    if (at >= next) {
      next += stretch
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
