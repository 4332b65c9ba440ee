import * as Effect from "effect/Effect"
import type { ProviderCursor } from "../../../domain/ProviderCursor.js"
import type { ProviderRegistry } from "../../ProviderRegistry.js"
import { providerRetries } from "./providerRetries.js"

const retries = providerRetries(5)

/**
 * Has a provider remove its own copy of a conversation. Answers whether it did; what cannot be removed is in the log.
 */
export const forgetConversation = (
  providers: ProviderRegistry["Type"],
  { provider: name, value }: ProviderCursor
): Effect.Effect<boolean> =>
  Effect.flatMap(
    providers.get(name),
    (provider) =>
      provider.forget === undefined ? Effect.succeed(false) : Effect.as(
        Effect.retry(provider.forget(value), {
          schedule: retries,
          while: ({ _tag }) => _tag === "ProviderTransient"
        }),
        true
      )
  ).pipe(
    Effect.catchAllCause((cause) =>
      Effect.as(
        Effect.annotateLogs(Effect.logWarning("A provider still holds a conversation that is over", cause), {
          provider: name,
          conversation: value
        }),
        false
      )
    )
  )
