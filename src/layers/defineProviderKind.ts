import type * as Layer from "effect/Layer"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { ProviderRegistry } from "../services/ProviderRegistry.js"
import { defineKind, type Kind, type KindDefinition } from "./internal/Kind.js"

/**
 * A way to make a provider of plain data, by a name.
 */
export interface ProviderKind extends Kind<Layer.Layer<never, ConfigurationError, ProviderRegistry>> {}

/**
 * Makes a kind of provider for `Providers`. Its configuration is read with the schema `config`, where a key that the schema
 * does not know is refused. The layer registers the provider.
 */
export const defineProviderKind = <Config, Encoded>(
  definition: KindDefinition<Config, Encoded, Layer.Layer<never, ConfigurationError, ProviderRegistry>>
): ProviderKind => defineKind("provider", definition)
