import * as Effect from "effect/Effect"
import { ConfigurationError } from "../../../domain/error/ConfigurationError.js"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import { foldWordCharacter } from "./foldText.js"
import type { Span } from "./Span.js"

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
