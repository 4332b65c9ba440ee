import { Anthropic } from "@anthropic-ai/sdk"
import * as Redacted from "effect/Redacted"
import { ownHeaders } from "./ownHeaders.js"

/** The longest that Node can wait. */
const never = 2 ** 31 - 1

/**
 * A client that knows what it is told here and nothing else: not the keys, addresses, profiles and headers that the SDK looks
 * for in the environment, which may be meant for another account.
 */
export const makeClient = (
  { apiKey, baseUrl }: { readonly apiKey: Redacted.Redacted; readonly baseUrl: string },
  fetch: typeof globalThis.fetch
): Anthropic => {
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
}
