import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { RE2JS } from "re2js"
import { ConfigurationError } from "../../../domain/error/ConfigurationError.js"
import type { PatternInput } from "../filter/PatternInput.js"
import type { Pattern } from "./Pattern.js"

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
