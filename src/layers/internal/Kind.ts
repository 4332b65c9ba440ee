import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { JsonRecord } from "../../domain/JsonRecord.js"
import { decodeConfig } from "../../services/internal/decodeConfig.js"
import { jsonSchemaOf } from "../../services/internal/jsonSchemaOf.js"

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
