import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { ProviderError } from "../domain/error/ProviderError.js"
import type { JsonRecord } from "../domain/JsonRecord.js"
import { decodeConfig } from "./internal/decodeConfig.js"
import { jsonSchemaOf } from "./internal/jsonSchemaOf.js"
import type { OpenOptions, Provider, ProviderSession } from "./Provider.js"

/**
 * A provider, with a schema for what a session's `providerConfig` may hold.
 */
export interface ProviderDefinition<Config, Encoded> extends Omit<Provider, "checkConfig" | "configSchema" | "open"> {
  /** Keys that it does not know are left alone, so that a session can change its provider and keep its settings. */
  readonly configSchema: Schema.Schema<Config, Encoded>
  /** As in `Provider`, with the configuration as the schema reads it. */
  readonly open: (
    options: OpenOptions<Config>
  ) => Effect.Effect<ProviderSession, ConfigurationError | ProviderError, Scope.Scope>
}

/**
 * Makes a `Provider` that reads its configuration with a schema. A wrong one is refused with a `ConfigurationError` that
 * names the key, when the session is created or configured.
 */
export const defineProvider = <Config, Encoded extends object = JsonRecord>(
  { configSchema: schema, open, ...definition }: ProviderDefinition<Config, Encoded>
): Provider => {
  const decode = decodeConfig(schema, "providerConfig")
  const configSchema = Option.getOrUndefined(jsonSchemaOf(schema))
  return {
    ...definition,
    ...(configSchema && { configSchema }),
    checkConfig: decode,
    open: ({ config, ...options }) =>
      Effect.flatMap(decode(config, options.sessionId), (config) => open({ ...options, config }))
  }
}
