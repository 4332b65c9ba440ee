import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { JsonRecord } from "../../domain/Json.js"
import { decodeConfig, jsonSchemaOf } from "../../services/internal/config.js"

/**
 * What is passed beside the name of a kind: the configuration of a kind that is known, which may be left out when no key of
 * it is required, or any object.
 */
export type ConfigArguments<Configs, Name extends string> = Name extends keyof Configs
  ? Partial<Configs[Name]> extends Configs[Name] ? [config?: Configs[Name]] : [config: Configs[Name]]
  : [config?: Readonly<Record<string, unknown>>]

/**
 * What a registry says of a kind.
 */
export interface KindInfo {
  readonly name: string
  /** What its configuration may hold, as a JSON Schema; absent when that cannot say it. */
  readonly configSchema?: JsonRecord
}

/**
 * A way to make something of plain data.
 */
export interface Kind<Made> extends KindInfo {
  /** Fails when the configuration does not fit, and names the field; one it does not know is refused too. */
  readonly make: (config: unknown) => Effect.Effect<Made, ConfigurationError>
}

export interface KindDefinition<Config, Encoded, Made> {
  /** Unique within a registry. */
  readonly name: string
  readonly config: Schema.Schema<Config, Encoded>
  readonly make: (config: Config) => Made
}

/**
 * Makes a kind that reads its configuration with a schema.
 */
export const defineKind = <Config, Encoded, Made>(
  what: string,
  { config, make, name }: KindDefinition<Config, Encoded, Made>
): Kind<Made> => {
  const decode = decodeConfig(config, `${what} "${name}"`, { onExcessProperty: "error" })
  const configSchema = Option.getOrUndefined(jsonSchemaOf(config))
  return {
    name,
    ...(configSchema && { configSchema }),
    make: (input) => Effect.map(decode(input), make)
  }
}

const isSecret = (input: unknown): input is Redacted.Redacted =>
  Redacted.isRedacted(input) && Predicate.isString(Redacted.value(input))

/**
 * A secret: a text of a configuration file, or one that is redacted already. It is never encoded to a text again.
 */
export const SecretFromInput: Schema.Schema<Redacted.Redacted, Redacted.Redacted | string> = Schema.transformOrFail(
  Schema.declare((input): input is Redacted.Redacted | string => Predicate.isString(input) || isSecret(input), {
    description: "a text, or a Redacted text",
    jsonSchema: { type: "string" }
  }),
  Schema.declare(isSecret),
  {
    strict: true,
    decode: (input) => ParseResult.succeed(Predicate.isString(input) ? Redacted.make(input) : input),
    encode: ParseResult.succeed
  }
)

export interface Kinds<Made> {
  readonly register: (kind: Kind<Made>) => Effect.Effect<void, ConfigurationError, Scope.Scope>
  readonly make: (name: string, config: unknown) => Effect.Effect<Made, ConfigurationError>
  readonly list: Effect.Effect<ReadonlyArray<KindInfo>>
}

/**
 * Kinds of something by their names, starting with some.
 */
export const makeKinds = <Made>(
  what: string,
  kinds: ReadonlyArray<Kind<Made>>
): Effect.Effect<Kinds<Made>, ConfigurationError, Scope.Scope> =>
  Effect.gen(function*() {
    const byName = new Map<string, Kind<Made>>()

    const register = (kind: Kind<Made>) =>
      Effect.acquireRelease(
        Effect.suspend(() =>
          byName.has(kind.name)
            ? new ConfigurationError({ problems: [`the kind of ${what} "${kind.name}" is registered already`] })
            : Effect.sync(() => byName.set(kind.name, kind))
        ),
        () => Effect.sync(() => byName.delete(kind.name))
      ).pipe(Effect.asVoid)

    yield* Effect.forEach(kinds, register, { discard: true })

    return {
      register,
      make: (name, config) =>
        Effect.suspend(() => byName.get(name)?.make(config) ?? unknownKind(what, name, [...byName.keys()])),
      list: Effect.sync(() =>
        Array.from(
          byName.values(),
          ({ configSchema, name }) => ({ name, ...(configSchema && { configSchema }) })
        )
      )
    }
  })

const unknownKind = (what: string, name: string, known: ReadonlyArray<string>) =>
  new ConfigurationError({ problems: [`there is no kind of ${what} "${name}"; use one of: ${known.join(", ")}`] })
