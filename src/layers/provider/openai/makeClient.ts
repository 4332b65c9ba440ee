import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { OpenAI } from "openai"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { vendorCall } from "../internal/vendor/vendorCall.js"
import { type VendorLimits, vendorStream } from "../internal/vendor/vendorStream.js"

/** A day: our own limits are the ones that count. */
const sdkTimeout = 24 * 60 * 60 * 1000

export interface ClientOptions extends VendorLimits {
  readonly name: string
  readonly apiKey: Redacted.Redacted
  readonly baseUrl: string
}

/**
 * The vendor's SDK, bounded.
 */
export interface OpenAiClient {
  readonly name: string
  /** One answer, read with a schema. */
  readonly call: <A, I>(
    answer: Schema.Schema<A, I>,
    ask: (sdk: OpenAI, signal: AbortSignal) => PromiseLike<unknown>
  ) => Effect.Effect<A, ProviderError>
  /** The events of an answer that is streamed. */
  readonly stream: <Event>(
    connect: (sdk: OpenAI, signal: AbortSignal) => Promise<AsyncIterable<Event>>
  ) => Stream.Stream<Event, ProviderError>
}

/** Whoever does not ask this vendor does not load its SDK, which takes a tenth of a second. */
export const makeClient = ({ apiKey, baseUrl, name, ...limits }: ClientOptions): Effect.Effect<OpenAiClient> =>
  Effect.map(Effect.promise(() => import("openai")), ({ OpenAI }) => {
    // What is not said here the SDK looks for in the environment.
    const sdkWith = (fetch: typeof globalThis.fetch) =>
      new OpenAI({
        apiKey: Redacted.value(apiKey),
        adminAPIKey: null,
        organization: null,
        project: null,
        webhookSecret: null,
        baseURL: baseUrl,
        maxRetries: 0,
        timeout: sdkTimeout,
        logLevel: "off",
        fetch
      })
    return {
      name,
      call: (answer, ask) => vendorCall(name, answer, (signal, fetch) => ask(sdkWith(fetch), signal), limits),
      stream: (connect) => vendorStream(name, (signal, fetch) => connect(sdkWith(fetch), signal), limits)
    }
  })
