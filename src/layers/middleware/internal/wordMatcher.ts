import * as Effect from "effect/Effect"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import { foldWordCharacter } from "./textFolding.js"
import type { Span } from "./texts.js"

const maxWords = 10_000
const maxLength = 128
const allowed = /^[\p{L}\p{M}\p{N}_'’\s-]+$/u

/**
 * Compiles up to 10,000 words and phrases of up to 128 characters into a function that finds them in a folded text. Any
 * characters but letters and digits may separate the words of a phrase. Fails with one problem for each entry that contains
 * anything but words.
 */
export const compileWords = (
  words: ReadonlyArray<string>
): Effect.Effect<(folded: string) => Effect.Effect<ReadonlyArray<Span>>, ConfigurationError> => {
  const [problem, ...more] = words.length > maxWords
    ? [`more than ${maxWords} words`]
    : words.flatMap((word, index) =>
      word.length > maxLength
        ? [`word ${index}: longer than ${maxLength} characters`]
        : !allowed.test(word) || toTokens(fold(word)).length === 0
        ? [`word ${index}: only letters, digits, spaces, "-" and "'" are allowed in a word: use a pattern`]
        : []
    )
  if (problem !== undefined) return Effect.fail(new ConfigurationError({ problems: [problem, ...more] }))
  const root = makeNode()
  for (const word of words) add(root, toTokens(fold(word)).map(({ word }) => word))
  return Effect.succeed((folded) => find(root, folded))
}

const fold = (word: string) => Array.from(word, foldWordCharacter).join("")

const token = /[\p{L}\p{N}_]+/gu

const toTokens = (folded: string) =>
  Array.from(folded.matchAll(token), (match) => ({
    word: match[0],
    start: match.index,
    end: match.index + match[0].length
  }))

/** A node of a trie of words. */
interface Node {
  readonly next: Map<string, Node>
  ends: boolean
}

const makeNode = (): Node => ({ next: new Map(), ends: false })

const add = (root: Node, words: ReadonlyArray<string>) => {
  let at = root
  for (const word of words) {
    const next = at.next.get(word) ?? makeNode()
    at.next.set(word, next)
    at = next
  }
  at.ends = true
}

/** Words searched before yielding to the event loop; each may start a long phrase. */
const wordsPerTurn = 2048

/** Finds the longest match at each word. */
const find = Effect.fnUntraced(function*(root: Node, folded: string) {
  const found: Array<Span> = []
  const tokens = toTokens(folded)
  for (const [first, { start }] of tokens.entries()) {
    let at = root.next.get(tokens[first]?.word ?? "")
    let end: number | undefined
    for (let index = first; at !== undefined; index++) {
      if (at.ends) end = tokens[index]?.end
      at = at.next.get(tokens[index + 1]?.word ?? "")
    }
    if (end !== undefined) found.push({ start, end })
    if (first % wordsPerTurn === wordsPerTurn - 1) yield* eventLoopTurn
  }
  return found
})
