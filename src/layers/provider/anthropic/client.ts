import type { Anthropic } from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ConfigurationError } from "../../../domain/error/RequestError.js"
import { loadSdk, type Sdk } from "../internal/sdk/load.js"

/**
 * Makes SDK clients, one for each `fetch`. Every key, address, profile and header that the SDK would otherwise read from the
 * environment is given here, since those may belong to another account. Fails with a `ConfigurationError` when the package is
 * not installed.
 */
export const makeClient = (
  { apiKey, baseUrl }: { readonly apiKey: Redacted.Redacted; readonly baseUrl: string }
): Effect.Effect<(fetch: typeof globalThis.fetch) => Anthropic, ConfigurationError> =>
  Effect.map(loadSdk("AnthropicProvider", sdk), ({ Anthropic }) => (fetch) => {
    const key = Redacted.value(apiKey)
    return new Anthropic({
      apiKey: key,
      authToken: null,
      credentials: null,
      config: null,
      profile: null,
      webhookKey: null,
      baseURL: baseUrl,
      // Timeouts and retries are ours.
      maxRetries: 0,
      timeout: maxTimeout,
      logLevel: "off",
      openTelemetry: false,
      fetch: withOwnHeaders(key, fetch)
    })
  })

const sdk: Sdk<{ readonly Anthropic: typeof Anthropic }> = {
  name: "@anthropic-ai/sdk",
  versions: "1.12 or later 1.x",
  install: "@anthropic-ai/sdk@1",
  load: () => import("@anthropic-ai/sdk")
}

/** The longest timer that Node has. */
const maxTimeout = 2 ** 31 - 1

const ownHeader = /^(?:accept|anthropic-(?:beta|version)|content-type|user-agent|x-stainless-.*)$/

/**
 * Sends the SDK's own headers and the key only. The SDK adds the headers of `ANTHROPIC_CUSTOM_HEADERS` to every client, and has
 * no option against it.
 */
const withOwnHeaders = (apiKey: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch => (input, init) => {
  const headers = new Headers()
  for (const [name, value] of new Headers(init?.headers)) if (ownHeader.test(name)) headers.set(name, value)
  headers.set("authorization", `Bearer ${apiKey}`)
  return fetch(input, { ...init, headers })
}
