import * as Effect from "effect/Effect"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import type { Span } from "./texts.js"

/**
 * A text in the form that detectors search, with a mapping back to the original.
 */
export interface FoldedText {
  readonly folded: string
  /** The span of the original, including marks and invisible characters inside it and directly after it. */
  readonly original: (start: number, end: number) => Span
}

/** Characters folded before yielding to the event loop. */
const charactersPerTurn = 16_384

/**
 * Folds a text character by character. Yields to the event loop in long texts.
 */
export const foldText = Effect.fnUntraced(function*(text: string, fold: (character: string) => string) {
  const offsets = new Array<number>()
  const pieces = new Array<string>()
  let next = charactersPerTurn
  let at = 0
  for (const character of text) {
    const piece = character >= "0" && character <= "9" ? character : fold(character)
    for (let unit = 0; unit < piece.length; unit++) offsets.push(at)
    pieces.push(piece)
    at += character.length
    if (at >= next) {
      next += charactersPerTurn
      yield* eventLoopTurn
    }
  }
  const toOffset = (index: number) => offsets[index] ?? text.length
  // A span ends after a whole character, which may be two units, even if it folded to several.
  const after = (index: number) => toOffset(index) + ((text.codePointAt(toOffset(index)) ?? 0) > 0xffff ? 2 : 1)
  const folded: FoldedText = {
    folded: pieces.join(""),
    original: (start, end) => ({ start: toOffset(start), end: Math.max(toOffset(end), after(end - 1)) })
  }
  return folded
})

const invisible = /^[\p{Cf}\u034F\uFE00-\uFE0F]$/u
const digit = /^\p{Nd}$/u

/**
 * Replaces compatibility characters by their plain form (NFKC) and digits of any script by 0 to 9, and drops invisible
 * characters.
 */
export const foldCharacter = (character: string): string => {
  if (invisible.test(character)) return ""
  const plain = character.normalize("NFKC")
  if (!digit.test(plain)) return plain
  const code = plain.codePointAt(0) ?? 0
  const nibble = code & 0xf
  // The zero of every script has a code point that ends in 0 or in 6.
  return String(nibble <= 9 && digit.test(String.fromCodePoint(code - nibble)) ? nibble : nibble - 6)
}

/**
 * `foldCharacter`, and also drops case and diacritics.
 */
export const foldWordCharacter = (character: string): string =>
  foldCharacter(character).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
