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
 * The arguments after the name of a kind: the configuration, which is optional when none of its fields is required. For a kind
 * that is not built in, any object.
 */
export type ConfigArguments<Configs, Name extends string> = Name extends keyof Configs
  ? Partial<Configs[Name]> extends Configs[Name] ? [config?: Configs[Name]] : [config: Configs[Name]]
  : [config?: Readonly<Record<string, unknown>>]

/**
 * A kind, as a registry lists it.
 */
export interface KindInfo {
  readonly name: string
  /** JSON Schema of its configuration; absent when JSON Schema cannot express it. */
  readonly configSchema?: JsonRecord
}

/**
 * Makes something from plain data.
 */
export interface Kind<Made> extends KindInfo {
  /** Fails with `ConfigurationError`, which names the field, when the configuration is invalid or has an unknown field. */
  readonly make: (config: unknown) => Effect.Effect<Made, ConfigurationError>
}

export interface KindDefinition<Config, Encoded, Made> {
  /** Unique within a registry. */
  readonly name: string
  readonly config: Schema.Schema<Config, Encoded>
  readonly make: (config: Config) => Made
}

/**
 * Makes a kind that decodes its configuration with a schema. `what` names the registry in errors: `provider` or `store`.
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
 * A secret: a string of a configuration file, or an already redacted one. It never encodes back to a string.
 */
export const SecretFromInput: Schema.Schema<Redacted.Redacted, Redacted.Redacted | string> = Schema.transformOrFail(
  Schema.declare((input): input is Redacted.Redacted | string => Predicate.isString(input) || isSecret(input), {
    description: "a string, or a Redacted string",
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
 * Makes a registry of kinds by name, with the given ones registered.
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
            ? new ConfigurationError({ problems: [`the ${what} kind "${kind.name}" is already registered`] })
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
  new ConfigurationError({ problems: [`unknown ${what} kind "${name}"; use one of: ${known.join(", ")}`] })
