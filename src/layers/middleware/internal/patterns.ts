import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { RE2JS } from "re2js"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import { MiddlewareRefusal } from "../../../services/Middleware.js"
import type { Span } from "./texts.js"

/**
 * A pattern in RE2 syntax, with flags: `i` ignores case, `s` lets a dot match line ends, `m` lets `^` and `$` match at lines.
 */
export type PatternInput = string | { readonly source: string; readonly flags?: string }

/** A compiled pattern, with its index in the list. */
export interface Pattern {
  readonly index: number
  readonly regex: RE2JS
}

const maxPatterns = 64
const maxLength = 1024
/** Maximum instructions; the cost of a match grows with them. */
const maxSize = 2048
const flagBits = new Map([["i", RE2JS.CASE_INSENSITIVE], ["s", RE2JS.DOTALL], ["m", RE2JS.MULTILINE]])

/**
 * Compiles up to 64 patterns of up to 1,024 characters. RE2 runs in linear time, and so has neither lookaround nor
 * backreferences. Fails with one problem for each invalid pattern, named by its index.
 */
export const compilePatterns = (
  patterns: ReadonlyArray<PatternInput>
): Effect.Effect<ReadonlyArray<Pattern>, ConfigurationError> => {
  if (patterns.length > maxPatterns) {
    return Effect.fail(new ConfigurationError({ problems: [`more than ${maxPatterns} patterns: join or drop some`] }))
  }
  const [problems, compiled] = partition(patterns.map(compile))
  const [first, ...more] = problems
  return first === undefined
    ? Effect.succeed(compiled)
    : Effect.fail(new ConfigurationError({ problems: [first, ...more] }))
}

const partition = (all: ReadonlyArray<Either.Either<Pattern, string>>) =>
  [
    all.flatMap((one) => (Either.isLeft(one) ? [one.left] : [])),
    all.flatMap((one) => (Either.isRight(one) ? [one.right] : []))
  ] as const

const compile = (input: PatternInput, index: number): Either.Either<Pattern, string> => {
  const { flags = "", source } = Predicate.isString(input) ? { source: input } : input
  const invalid = (why: string) => Either.left(`pattern ${index}: ${why}`)
  if (source.length > maxLength) return invalid(`longer than ${maxLength} characters`)
  const unknown = [...flags].find((flag) => !flagBits.has(flag))
  if (unknown !== undefined) return invalid(`unknown flag ${JSON.stringify(unknown)}: use "i", "s" and "m"`)
  const bits = [...new Set(flags)].reduce((sum, flag) => sum | (flagBits.get(flag) ?? 0), 0)
  return Either.try({
    try: () => RE2JS.compile(source, bits),
    catch: (error) =>
      `pattern ${index}: ${Predicate.isError(error) ? error.message : "invalid"}`
      + " (the syntax is RE2's: no lookaround, no backreferences)"
  }).pipe(
    Either.filterOrLeft(
      (regex) => regex.programSize() <= maxSize,
      () => `pattern ${index}: too large: use fewer or smaller repetitions`
    ),
    Either.filterOrLeft(
      (regex) => !regex.matcher("").find(),
      () => `pattern ${index}: it matches empty text: it must match at least one character`
    ),
    Either.map((regex) => ({ index, regex }))
  )
}

/** Characters in which a match of one window may start. Searching a window takes about 10 ms; 256 Ki characters take up to 380. */
const window = 8192
/** Maximum length of a match in a text of several windows. */
const reach = 4096
/** Context before a window, so that `^` and `\b` work there: one character, which may be two units. */
const before = 2
/** Searches before yielding to the event loop; each may read the whole window. */
const searchesPerTurn = 4

/**
 * All matches of at least one character, from left to right. It yields to the event loop, where the middleware's timeout can end
 * it.
 *
 * A text of up to 12,288 characters is searched as a whole, a longer one in windows. There a match has at most 4,096 characters:
 * a longer match is refused, because the rest of it would stay unfiltered, and a pattern that needs more characters to match does
 * not match.
 */
export const findPattern = Effect.fnUntraced(function*({ index, regex }: Pattern, text: string) {
  const found: Array<Span> = []
  let from = 0
  let count = 0
  while (from < text.length) {
    const base = Math.max(0, from - before)
    const last = from + window + reach >= text.length
    const part = last ? text.slice(base) : text.slice(base, from + window + reach)
    const until = last ? text.length : from + window - Number(isInsidePair(text, from + window))
    const matcher = regex.matcher(part)
    let at = from
    while (at < until && matcher.find(at - base)) {
      const start = matcher.start() + base
      const end = matcher.end() + base
      if (start >= until) break
      if (!last && end - base === part.length) {
        return yield* new MiddlewareRefusal({
          reason: `pattern ${index} matches more than ${reach} characters of a long text: send it in shorter parts`
        })
      }
      if (end > start) found.push({ start, end })
      at = end > start ? end : end + 1
      if (++count % searchesPerTurn === 0) yield* eventLoopTurn
    }
    from = Math.max(until, at)
    yield* eventLoopTurn
  }
  return found
})

/** Whether the index is between the two units of one character. */
const isInsidePair = (text: string, at: number) => (text.codePointAt(at - 1) ?? 0) > 0xffff
