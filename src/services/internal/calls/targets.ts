import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../../../domain/error/RequestError.js"
import type { JsonRecord } from "../../../domain/Json.js"
import type { SessionInfo } from "../../../domain/Session.js"
import type { Provider } from "../../Provider.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"

/**
 * A provider that a session calls, and how. `index`: 0 for the session's own provider, then its fallbacks.
 */
export interface Target {
  readonly provider: string
  readonly model: string
  readonly config: JsonRecord
  readonly index: number
}

/**
 * A session's targets in call order: its own provider, then its fallbacks.
 */
export const toTargets = (
  { config: { fallbacks = [], providerConfig = {} }, model, provider }: Pick<
    SessionInfo,
    "config" | "model" | "provider"
  >
): readonly [Target, ...ReadonlyArray<Target>] => [
  { provider, model, config: providerConfig, index: 0 },
  ...fallbacks.map((fallback, index) => ({
    provider: fallback.provider,
    model: fallback.model,
    config: { ...providerConfig, ...fallback.providerConfig },
    index: index + 1
  }))
]

/**
 * The configuration passed to a provider: its defaults merged with the target's.
 */
export const toProviderConfig = ({ defaultConfig }: Provider, { config }: Target): JsonRecord =>
  defaultConfig ? { ...defaultConfig, ...config } : config

/**
 * Checks that all targets of a session are registered and accept their configuration. Fails with `ConfigurationError`.
 */
export const checkTargets = (
  providers: ProviderRegistry["Type"],
  session: Pick<SessionInfo, "config" | "model" | "provider">
): Effect.Effect<void, ConfigurationError> =>
  Effect.forEach(
    toTargets(session),
    (target) =>
      Effect.flatMap(
        providers.get(target.provider),
        (provider) => provider.checkConfig?.(toProviderConfig(provider, target)) ?? Effect.void
      ),
    { discard: true }
  )
