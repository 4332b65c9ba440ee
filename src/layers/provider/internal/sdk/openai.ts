import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { OpenAI } from "openai"
import type { ConfigurationError } from "../../../../domain/error/RequestError.js"
import { loadSdk, type Sdk } from "./load.js"

const sdk: Sdk<{ readonly OpenAI: typeof OpenAI }> = {
  name: "openai",
  versions: "6.49 or later 6.x",
  install: "openai@6",
  load: () => import("openai")
}

export interface OpenAiSdkOptions {
  readonly baseUrl: string
  /** Sent as a bearer token. Without one, no `Authorization` header is sent. */
  readonly apiKey?: Redacted.Redacted | undefined
}

/** One day: our own timeouts are the ones that count. */
const sdkTimeout = 24 * 60 * 60 * 1000

/**
 * Makes SDK clients, one for each `fetch`. Every setting that the SDK would otherwise read from the environment is given
 * here. Fails with a `ConfigurationError` when the package is not installed.
 */
export const makeOpenAiSdk = (
  neededBy: string,
  { apiKey, baseUrl }: OpenAiSdkOptions
): Effect.Effect<(fetch: typeof globalThis.fetch) => OpenAI, ConfigurationError> =>
  Effect.map(loadSdk(neededBy, sdk), ({ OpenAI }) => (fetch) =>
    new OpenAI({
      baseURL: baseUrl,
      // The SDK demands a key.
      apiKey: apiKey ? Redacted.value(apiKey) : "none",
      ...(!apiKey && { defaultHeaders: { Authorization: null } }),
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      maxRetries: 0,
      timeout: sdkTimeout,
      logLevel: "off",
      fetch
    }))
