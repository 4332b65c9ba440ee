import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { OpenAI } from "openai"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ModelSettings, vendorCall, type VendorLimits, vendorStream } from "../internal/sdk/calls.js"
import { vendorFailureOf } from "../internal/sdk/errors.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * What a session's `providerConfig` may hold for OpenAI.
 */
export const OpenAiSettings = Schema.Struct({
  ...ModelSettings.fields,
  /** Models that reason take none. */
  temperature: optional(Schema.Number.pipe(Schema.between(0, 2))),
  topP: optional(Schema.Number.pipe(Schema.between(0, 1))),
  reasoningEffort: optional(Schema.Literal("none", "minimal", "low", "medium", "high", "xhigh", "max")),
  /** Whether the model tells people what it thought, as the `text` of an opaque part. It does not unless told. */
  reasoningSummary: optional(Schema.Literal("auto", "concise", "detailed")),
  verbosity: optional(Schema.Literal("low", "medium", "high")),
  /** Whether it may ask for several tools at once. It may unless told. */
  parallelToolCalls: optional(Schema.Boolean),
  serviceTier: optional(Schema.Literal("auto", "default", "flex", "scale", "priority"))
})
export interface OpenAiSettings extends Schema.Schema.Type<typeof OpenAiSettings> {}

/** The HTTP status of the vendor's answer, where there was one. */
export const statusOf = ({ context }: ProviderError): number | undefined => {
  const status = context?.["status"]
  return typeof status === "number" ? status : undefined
}

/** What is to be deleted and is not there needs no deleting. */
export const goneIsDone = <A>(deleting: Effect.Effect<A, ProviderError>): Effect.Effect<void, ProviderError> =>
  deleting.pipe(
    Effect.asVoid,
    Effect.catchIf((error) => statusOf(error) === 404, () => Effect.void)
  )

const ofModel = "model_not_found"

/**
 * Whether an SDK threw this because the vendor's copy of a conversation is no longer there. An unknown conversation is HTTP 404,
 * an unknown `previous_response_id` is 400 with a code that says so, and an unknown model is 404 too.
 */
export const isGone = (thrown: unknown): boolean => {
  const { code = "", param, status } = vendorFailureOf(thrown)
  if (code === ofModel || param === "model") return false
  return status === 404 || (status === 400 && code.endsWith("_not_found"))
}

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
