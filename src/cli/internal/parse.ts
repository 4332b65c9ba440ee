import * as Effect from "effect/Effect"
import { parseArgs } from "node:util"
import type { Parameter } from "../parameters.js"
import { suggest, UsageError } from "../usage.js"

/**
 * The parameters that make up a value of type `A`, each under its name in it.
 */
export type ParametersOf<A> = { readonly [Name in keyof A]: Parameter<A[Name]> }

/**
 * The parameters of two types together.
 */
export const combine = <A extends object, B extends object>(
  one: ParametersOf<A>,
  other: ParametersOf<B>
): ParametersOf<A & B> => ({ ...one, ...other }) as ParametersOf<A & B>

/**
 * Reads the words after a command's name. Options and arguments may stand in any order; `--name=value` and `--name value`
 * are the same, and after `--` all words are arguments.
 */
export const parse = <Options extends object, Arguments extends object>(
  words: ReadonlyArray<string>,
  options: ParametersOf<Options>,
  args: ParametersOf<Arguments>
): Effect.Effect<Options & Arguments, UsageError> =>
  Effect.gen(function*() {
    const { given, places } = yield* split(words, parametersOf(options).map(([, option]) => option))
    const expected: ReadonlyArray<Parameter<unknown>> = Object.values(args)
    const [extra] = places.slice(expected.length)
    if (extra !== undefined) {
      const hint = /\s/.test(extra) ? "" : "put quotes around a text of several words"
      return yield* new UsageError({ problem: `unexpected argument ${JSON.stringify(extra)}`, hint })
    }
    const values: Record<string, unknown> = {}
    for (const [index, [key, parameter]] of parametersOf(args).entries()) {
      values[key] = yield* parameter.decode(places.slice(index, index + 1))
    }
    for (const [key, parameter] of parametersOf(options)) {
      values[key] = yield* parameter.decode(given.get(parameter.name) ?? [])
    }
    // Each name of both types was decoded by its own parameter.
    return values as Options & Arguments
  })

const parametersOf = (parameters: object): ReadonlyArray<readonly [string, Parameter<unknown>]> =>
  Object.entries(parameters)

/** The values of each option, and the words that belong to none. Node's parser splits the words; the messages are ours. */
const split = (words: ReadonlyArray<string>, options: ReadonlyArray<Parameter<unknown>>) =>
  Effect.gen(function*() {
    const given = new Map<string, Array<string>>()
    const places: Array<string> = []
    const { tokens } = parseArgs({
      args: [...words],
      options: Object.fromEntries(options.map(toNodeOption)),
      allowPositionals: true,
      strict: false,
      tokens: true
    })
    for (const token of tokens) {
      if (token.kind === "positional") places.push(token.value)
      if (token.kind !== "option") continue
      const option = options.find(({ name }) => name === `--${token.name}`)
      if (option === undefined) return yield* unknownOption(token.rawName, options)
      const value = yield* valueOf(option, token)
      const values = given.get(option.name) ?? []
      if (values.length > 0 && option.presence !== "repeated") {
        return yield* new UsageError({ problem: `${option.name} is given twice`, hint: "give it once" })
      }
      given.set(option.name, [...values, value])
    }
    return { given, places }
  })

const toNodeOption = ({ alias, name, placeholder }: Parameter<unknown>) =>
  [
    name.slice(2),
    { type: placeholder === undefined ? "boolean" : "string", ...(alias && { short: alias.slice(1) }) }
  ] as const

const valueOf = (
  { name, placeholder }: Parameter<unknown>,
  { inlineValue, value }: { readonly value: string | undefined; readonly inlineValue: boolean | undefined }
) => {
  if (placeholder === undefined) {
    return value === undefined
      ? Effect.succeed("")
      : Effect.fail(new UsageError({ problem: `${name} takes no value`, hint: "" }))
  }
  return value === undefined || (!inlineValue && value.startsWith("--"))
    ? Effect.fail(new UsageError({ problem: `${name} needs a value`, hint: `write ${name} ${placeholder}` }))
    : Effect.succeed(value)
}

const unknownOption = (name: string, options: ReadonlyArray<Parameter<unknown>>) =>
  Effect.fail(
    new UsageError({ problem: `unknown option "${name}"`, hint: suggest(name, options.map((option) => option.name)) })
  )
