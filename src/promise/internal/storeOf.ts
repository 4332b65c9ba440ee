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
  const named = Predicate.isString(storage) ? { kind: storage } : storage
  if (!("kind" in named)) return named
  const { kind, ...config } = named
  return SessionStores.create<string>(kind, config).pipe(Layer.provide(SessionStores.layer(...storeKinds)))
}
