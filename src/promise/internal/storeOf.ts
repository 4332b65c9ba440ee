import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import { SessionStores } from "../../layers/SessionStores.js"
import type { SessionStore } from "../../services/SessionStore.js"
import type { SessionManagerOptions } from "../SessionManagerOptions.js"

/**
 * Where sessions are kept.
 */
export const storeOf = (
  { preset, storage = preset === "production" ? "sqlite" : "memory", storeKinds = [] }: SessionManagerOptions
): Layer.Layer<SessionStore, ConfigurationError | StoreError> => {
  if (Layer.isLayer(storage)) return storage
  const { kind, ...config } = Predicate.isString(storage) ? { kind: storage } : storage
  return SessionStores.create<string>(kind, config).pipe(Layer.provide(SessionStores.layer(...storeKinds)))
}
