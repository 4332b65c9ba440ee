import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../../../domain/error/ConfigurationError.js"
import type { SessionInfo } from "../../../domain/SessionInfo.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"
import { configOf } from "./configOf.js"
import { targetsOf } from "./Target.js"

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
