import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import { matchesOf, type TextRange } from "./matchesOf.js"
import type { SnippetPiece } from "./SearchHit.js"
import type { SearchTerm } from "./termsOf.js"
import { wordsOf } from "./wordsOf.js"

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
