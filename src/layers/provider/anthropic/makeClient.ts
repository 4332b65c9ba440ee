import type { Anthropic } from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ownHeaders } from "./ownHeaders.js"

/** The longest that Node can wait. */
const never = 2 ** 31 - 1

/**
 * Makes clients that know what they are told here and nothing else: not the keys, addresses, profiles and headers that the SDK
 * looks for in the environment, which may be meant for another account. Whoever does not ask this vendor does not load its SDK,
 * which takes a fifth of a second.
 */
export const makeClient = (
  { apiKey, baseUrl }: { readonly apiKey: Redacted.Redacted; readonly baseUrl: string }
): Effect.Effect<(fetch: typeof globalThis.fetch) => Anthropic> =>
  Effect.map(Effect.promise(() => import("@anthropic-ai/sdk")), ({ Anthropic }) => (fetch) => {
    const key = Redacted.value(apiKey)
    return new Anthropic({
      apiKey: key,
      authToken: null,
      credentials: null,
      config: null,
      profile: null,
      webhookKey: null,
      baseURL: baseUrl,
      // Limits of time, and trying again, are not the SDK's.
      maxRetries: 0,
      timeout: never,
      logLevel: "off",
      openTelemetry: false,
      fetch: ownHeaders(key, fetch)
    })
  })
