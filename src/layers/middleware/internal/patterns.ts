import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { RE2JS } from "re2js"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import { MiddlewareRefusal } from "../../../services/Middleware.js"
import type { Span } from "./texts.js"

/**
 * A pattern as it is given: its source in the syntax of RE2, and flags: `i` any case, `s` dot takes line ends, `m` `^` and `$`
 * at lines.
 */
export type PatternInput = string | { readonly source: string; readonly flags?: string }

/** One that is compiled, with its place among those given. */
export interface Pattern {
  readonly index: number
  readonly regex: RE2JS
}

const maxPatterns = 64
const maxLength = 1024
/** Instructions: what a match costs grows with them. */
const maxSize = 2048
const flagBits = new Map([["i", RE2JS.CASE_INSENSITIVE], ["s", RE2JS.DOTALL], ["m", RE2JS.MULTILINE]])

/**
 * Compiles up to 64 patterns of up to 1,024 characters. The engine works in linear time, and so knows neither lookaround
 * nor backreferences. Fails with one problem for each that it cannot take, named by its index.
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
  const wrong = (why: string) => Either.left(`pattern ${index}: ${why}`)
  if (source.length > maxLength) return wrong(`longer than ${maxLength} characters`)
  const unknown = [...flags].find((flag) => !flagBits.has(flag))
  if (unknown !== undefined) return wrong(`unknown flag ${JSON.stringify(unknown)}: use "i", "s" and "m"`)
  const bits = [...new Set(flags)].reduce((sum, flag) => sum | (flagBits.get(flag) ?? 0), 0)
  return Either.try({
    try: () => RE2JS.compile(source, bits),
    catch: (error) =>
      `pattern ${index}: ${Predicate.isError(error) ? error.message : "invalid"}`
      + " (the syntax is RE2's: no lookaround, no backreferences)"
  }).pipe(
    Either.filterOrLeft(
      (regex) => regex.programSize() <= maxSize,
      () => `pattern ${index}: too large: repeat less often`
    ),
    Either.filterOrLeft(
      (regex) => !regex.matcher("").find(),
      () => `pattern ${index}: it matches the empty text: let it match at least one character`
    ),
    Either.map((regex) => ({ index, regex }))
  )
}

/** Where a match of one window may begin. One search of such a window takes about 10 ms; of 256 Ki characters, up to 380. */
const window = 8192
/** How long a match may be in a text of more than one window. */
const reach = 4096
/** What stands before a window, so that `^` and `\b` see it: one character, which may be two units. */
const before = 2
/** A match that is found again and again may have read the whole window each time. */
const searches = 4

/**
 * All matches of a pattern that take at least one character, from left to right. The event loop goes round between, and the
 * middleware's timeout ends it there.
 *
 * A text of up to 12,288 characters is searched as a whole. In a longer one, a match has at most 4,096: one that goes
 * further is refused, since what follows would be left as it is, and one that has to go further to be a match is none.
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
      if (++count % searches === 0) yield* eventLoopTurn
    }
    from = Math.max(until, at)
    yield* eventLoopTurn
  }
  return found
})

/** Between the two units of one character. */
const isInsidePair = (text: string, at: number) => (text.codePointAt(at - 1) ?? 0) > 0xffff
