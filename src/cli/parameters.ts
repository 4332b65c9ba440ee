import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { UsageError } from "./usage.js"

/**
 * An option or an argument of a command: what the parser reads, and what help shows of it.
 */
export interface Parameter<A> {
  /** As it is typed and reported: `--limit`, or `ID` for an argument. */
  readonly name: string
  /** The short form of an option: `-o`. */
  readonly alias?: string | undefined
  /** Stands for the value in help: `N`. A switch has none. */
  readonly placeholder?: string | undefined
  readonly description: string
  readonly presence: "switch" | "optional" | "required" | "repeated"
  /** The default as it would be typed. */
  readonly defaultValue?: string | undefined
  /** The environment variable that is read when the option is not given. */
  readonly variable?: string | undefined
  /** Reads the values that were given: several if it is `repeated`, else at most one. */
  readonly decode: (given: ReadonlyArray<string>) => Effect.Effect<A, UsageError>
}

/**
 * How one value is read from text.
 */
export interface Reader<A> {
  readonly placeholder: string
  /** Completes "must be" in an error message: `a whole number from 1 to 500`. */
  readonly expected: string
  /** Keeps the value out of error messages. */
  readonly secret?: boolean
  readonly read: (text: string) => Option.Option<A>
}

export const anyText = (placeholder: string): Reader<string> => ({ placeholder, expected: "text", read: Option.some })

export const text = (placeholder: string): Reader<string> => ({
  placeholder,
  expected: "a text that is not empty",
  read: Option.liftPredicate((text) => text.trim() !== "")
})

export const secret: Reader<Redacted.Redacted> = {
  placeholder: "TOKEN",
  expected: "a text that is not empty",
  secret: true,
  read: (value) => Option.map(text("").read(value), Redacted.make)
}

export const integer = (min: number, max: number): Reader<number> => ({
  placeholder: "N",
  expected: `a whole number from ${min} to ${max}`,
  read: (text) =>
    Option.filter(Option.some(Number(text)), (value) => /^\d+$/.test(text) && value >= min && value <= max)
})

export const choice = <A extends string>(...values: ReadonlyArray<A>): Reader<A> => ({
  placeholder: values.join("|"),
  expected: `one of ${values.join(", ")}`,
  read: (text) => Option.fromNullable(values.find((value) => value === text))
})

const units: Readonly<Record<string, string>> = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" }

/** `30d` and `30 days` alike. */
const readDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? []
  return Duration.decodeUnknown(count === undefined || unit === undefined ? text : `${count} ${units[unit]}`)
}

const isLongEnough = Duration.greaterThanOrEqualTo("1 millis")

export const duration: Reader<Duration.Duration> = {
  placeholder: "TIME",
  expected: "a length of time of at least 1 ms, such as 30s, 30d or \"30 days\"",
  read: (text) => Option.filter(readDuration(text), isLongEnough)
}

/** A least age. `0s` is any age. */
export const age: Reader<Duration.Duration> = {
  placeholder: "TIME",
  expected: "a length of time, such as 0s, 30d or \"30 days\"",
  read: (text) => Option.filter(readDuration(text), (age) => Duration.isZero(age) || isLongEnough(age))
}

/** Text that a schema takes. The text itself is passed on, since the session manager decodes it again. */
export const checked = <A, I>(
  placeholder: string,
  expected: string,
  schema: Schema.Schema<A, I>
): Reader<string> => {
  const decode = Schema.decodeUnknownOption(schema)
  return { placeholder, expected, read: (text) => Option.as(decode(text), text) }
}

/**
 * An option that may be left out.
 */
export const option = <A>(
  name: string,
  reader: Reader<A>,
  description: string,
  { alias, variable }: { readonly alias?: string; readonly variable?: string } = {}
): Parameter<Option.Option<A>> => ({
  name: `--${name}`,
  alias: alias && `-${alias}`,
  placeholder: reader.placeholder,
  description,
  presence: "optional",
  variable,
  decode: ([given]) =>
    Effect.transposeMapOption(given === undefined ? Option.none() : Option.some(given), read(`--${name}`, reader)).pipe(
      Effect.flatMap((value) =>
        Option.isSome(value) || variable === undefined ? Effect.succeed(value) : readVariable(variable, reader)
      )
    )
})

/**
 * An option with a default.
 */
export const optionOr = <A>(
  name: string,
  reader: Reader<A>,
  description: string,
  defaultValue: string,
  settings: { readonly variable?: string } = {}
): Parameter<A> => {
  const optional = option(name, reader, description, settings)
  return {
    ...optional,
    defaultValue,
    decode: (given) =>
      Effect.flatMap(
        optional.decode(given),
        Option.match({ onSome: Effect.succeed, onNone: () => read(`--${name}`, reader)(defaultValue) })
      )
  }
}

/**
 * An option that must be given.
 */
export const requiredOption = <A>(name: string, reader: Reader<A>, description: string): Parameter<A> => ({
  name: `--${name}`,
  placeholder: reader.placeholder,
  description,
  presence: "required",
  decode: ([given]) => given === undefined ? missing(`--${name}`) : read(`--${name}`, reader)(given)
})

/**
 * An option that may be given several times. Its environment variable holds values between commas.
 */
export const repeatedOption = <A>(
  name: string,
  reader: Reader<A>,
  description: string,
  { variable }: { readonly variable?: string } = {}
): Parameter<ReadonlyArray<A>> => ({
  name: `--${name}`,
  placeholder: reader.placeholder,
  description,
  presence: "repeated",
  variable,
  decode: (given) =>
    given.length > 0 || variable === undefined
      ? Effect.forEach(given, read(`--${name}`, reader))
      : Effect.flatMap(
        readVariable(variable, anyText("")),
        Option.match({
          onNone: () => Effect.succeed([]),
          onSome: (text) =>
            Effect.forEach(
              text.split(",").map((part) => part.trim()).filter((part) => part !== ""),
              read(variable, reader)
            )
        })
      )
})

/**
 * An option without a value.
 */
export const flag = (name: string, description: string, alias?: string): Parameter<boolean> => ({
  name: `--${name}`,
  alias: alias && `-${alias}`,
  description,
  presence: "switch",
  decode: (given) => Effect.succeed(given.length > 0)
})

/**
 * A value that is given by its place.
 */
export const argument = <A>(reader: Reader<A>, description: string): Parameter<A> => ({
  ...requiredOption("", reader, description),
  name: reader.placeholder,
  decode: ([given]) => given === undefined ? missing(reader.placeholder) : read(reader.placeholder, reader)(given)
})

/**
 * The same, which may be left out.
 */
export const optionalArgument = <A>(reader: Reader<A>, description: string): Parameter<Option.Option<A>> => ({
  ...option("", reader, description),
  name: reader.placeholder,
  decode: ([given]) =>
    Effect.transposeMapOption(
      given === undefined ? Option.none() : Option.some(given),
      read(reader.placeholder, reader)
    )
})

const read = <A>(name: string, { expected, read, secret = false }: Reader<A>) => (text: string) =>
  Effect.mapError(read(text), () =>
    new UsageError({
      problem: `${name} must be ${expected}${secret ? "" : ` (got ${JSON.stringify(text)})`}`,
      hint: ""
    }))

const missing = (name: string) => Effect.fail(new UsageError({ problem: `${name} is missing`, hint: "" }))

/** A variable that is set to nothing counts as not set. */
const readVariable = <A>(variable: string, reader: Reader<A>) =>
  Effect.orElseSucceed(Config.option(Config.string(variable)), Option.none<string>).pipe(
    Effect.flatMap((value) =>
      Effect.transposeMapOption(Option.filter(value, (text) => text.trim() !== ""), read(variable, reader))
    )
  )
