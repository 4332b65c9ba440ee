import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { OpenAI } from "openai"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import type { ConfigurationError } from "../../../domain/error/RequestError.js"
import { vendorCall, type VendorLimits, vendorStream } from "../internal/sdk/calls.js"
import { statusOf, toVendorFailure } from "../internal/sdk/errors.js"
import { makeOpenAiSdk, type OpenAiSdkOptions } from "../internal/sdk/openai.js"

/**
 * OpenAI's SDK under our own limits and errors.
 */
export interface OpenAiClient {
  /** The provider's name, for errors and notices. */
  readonly name: string
  /** Makes one call and decodes the answer. */
  readonly call: <A, I>(
    answer: Schema.Schema<A, I>,
    ask: (sdk: OpenAI, signal: AbortSignal) => PromiseLike<unknown>
  ) => Effect.Effect<A, ProviderError>
  /** Makes one call and emits the events of its streamed answer. */
  readonly stream: <Event>(
    connect: (sdk: OpenAI, signal: AbortSignal) => Promise<AsyncIterable<Event>>
  ) => Stream.Stream<Event, ProviderError>
}

export interface OpenAiClientOptions extends OpenAiSdkOptions, VendorLimits {
  readonly name: string
}

export const makeClient = (
  { apiKey, baseUrl, name, ...limits }: OpenAiClientOptions
): Effect.Effect<OpenAiClient, ConfigurationError> =>
  Effect.map(makeOpenAiSdk("OpenAiProvider", { apiKey, baseUrl }), (sdkWith) => ({
    name,
    call: (answer, ask) => vendorCall(name, answer, (signal, fetch) => ask(sdkWith(fetch), signal), limits),
    stream: (connect) => vendorStream(name, (signal, fetch) => connect(sdkWith(fetch), signal), limits)
  }))

/** Deleting what does not exist succeeds. */
export const ignoreNotFound = <A>(deletion: Effect.Effect<A, ProviderError>): Effect.Effect<void, ProviderError> =>
  deletion.pipe(
    Effect.asVoid,
    Effect.catchIf((error) => statusOf(error) === 404, () => Effect.void)
  )

/**
 * True when an SDK threw this because the vendor's copy of a conversation no longer exists. An unknown conversation is HTTP 404, an
 * unknown `previous_response_id` is 400 with its own code; an unknown model is 404 too, and is not meant here.
 */
export const isConversationGone = (thrown: unknown): boolean => {
  const { code = "", param, status } = toVendorFailure(thrown)
  if (code === "model_not_found" || param === "model") return false
  return status === 404 || (status === 400 && code.endsWith("_not_found"))
}
