import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as JSONSchema from "effect/JSONSchema"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ParseOptions } from "effect/SchemaAST"
import { ConfigurationError, InvalidRequest } from "../../domain/error/RequestError.js"
import type { SessionId } from "../../domain/Ids.js"
import { JsonRecord } from "../../domain/Json.js"

/**
 * Decodes settings. Fails with `ConfigurationError`, which names the wrong key but not its value, which may be a secret.
 * Default: unknown keys are ignored, so that a session can change its provider and keep its settings.
 */
export const decodeConfig = <A, I>(schema: Schema.Schema<A, I>, where: string, options?: ParseOptions) => {
  const decode = Schema.decodeUnknown(schema, options)
  return (config: unknown, sessionId?: SessionId): Effect.Effect<A, ConfigurationError> =>
    Effect.mapError(decode(config), (error) =>
      new ConfigurationError({
        problems: [`${where}: ${InvalidRequest.fromParseError(error).message}`],
        ...(sessionId !== undefined && { sessionId })
      }))
}

/**
 * The JSON Schema of what a schema decodes. None when JSON Schema cannot express it.
 */
export const jsonSchemaOf = <A, I>(schema: Schema.Schema<A, I>): Option.Option<JsonRecord> =>
  Option.flatMap(
    Option.liftThrowable(() => JSONSchema.make(schema))(),
    Schema.decodeUnknownOption(JsonRecord)
  )

/**
 * Turns a layer that takes settings into one that reads them from `Config`: a module's `layerConfig`, made of its `layer`.
 */
export const layerFromConfig =
  <Options, A, E, R>(layer: (options: Options) => Layer.Layer<A, E, R>) =>
  (config: Config.Config.Wrap<Options>): Layer.Layer<A, E | ConfigError, R> =>
    Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))
