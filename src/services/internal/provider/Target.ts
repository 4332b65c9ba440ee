import type { JsonRecord } from "../../../domain/JsonRecord.js"
import type { SessionInfo } from "../../../domain/SessionInfo.js"

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
