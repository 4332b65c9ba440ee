import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../../../domain/error/RequestError.js"
import type { JsonRecord } from "../../../domain/Json.js"
import type { SessionInfo } from "../../../domain/Session.js"
import type { Provider } from "../../Provider.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"

/**
 * Whom a session asks, and how. `place`: 0 for the session's own provider, then its fallbacks.
 */
export interface Target {
  readonly provider: string
  readonly model: string
  readonly config: JsonRecord
  readonly place: number
}

/**
 * In the order in which they are asked: the session's own, then its fallbacks.
 */
export const targetsOf = (
  { config: { fallbacks = [], providerConfig = {} }, model, provider }: Pick<
    SessionInfo,
    "config" | "model" | "provider"
  >
): readonly [Target, ...ReadonlyArray<Target>] => [
  { provider, model, config: providerConfig, place: 0 },
  ...fallbacks.map((fallback, index) => ({
    provider: fallback.provider,
    model: fallback.model,
    config: { ...providerConfig, ...fallback.providerConfig },
    place: index + 1
  }))
]

/**
 * What a provider is given as its configuration.
 */
export const configOf = ({ defaultConfig }: Provider, { config }: Target): JsonRecord =>
  defaultConfig ? { ...defaultConfig, ...config } : config

/**
 * Whether all that a session may ask is registered, and takes its configuration.
 */
export const checkTargets = (
  providers: ProviderRegistry["Type"],
  session: Pick<SessionInfo, "config" | "model" | "provider">
): Effect.Effect<void, ConfigurationError> =>
  Effect.forEach(
    targetsOf(session),
    (target) =>
      Effect.flatMap(
        providers.get(target.provider),
        (provider) => provider.checkConfig?.(configOf(provider, target)) ?? Effect.void
      ),
    { discard: true }
  )
