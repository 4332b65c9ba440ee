import type * as Layer from "effect/Layer"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { StoreError } from "../domain/error/StoreError.js"
import type { SessionStore } from "../services/SessionStore.js"
import { defineKind, type Kind, type KindDefinition } from "./internal/Kind.js"

/**
 * A way to make a store of plain data, by a name.
 */
export interface StoreKind extends Kind<Layer.Layer<SessionStore, ConfigurationError | StoreError>> {}

/**
 * Makes a kind of store for `SessionStores`. Its configuration is read with the schema `config`, where a key that the schema
 * does not know is refused.
 */
export const defineStoreKind = <Config, Encoded>(
  definition: KindDefinition<Config, Encoded, Layer.Layer<SessionStore, ConfigurationError | StoreError>>
): StoreKind => defineKind("store", definition)
