import type { Anthropic } from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ModelSettings } from "../internal/sdk/calls.js"

const limit = Schema.optionalWith(Schema.NonNegativeInt, { nullable: true })

/**
 * What the vendor says of a model.
 */
export const AnthropicModel = Schema.Struct({
  id: Schema.String,
  name: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("display_name")),
  /** `active`, `deprecated` or `retired`. */
  lifecycle: Schema.optional(Schema.String),
  /** How much it can read. */
  maxInputTokens: limit.pipe(Schema.fromKey("max_input_tokens")),
  /** The longest reply, thinking included. */
  maxOutputTokens: limit.pipe(Schema.fromKey("max_tokens"))
})
export interface AnthropicModel extends Schema.Schema.Type<typeof AnthropicModel> {}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const display = optional(Schema.Literal("summarized", "omitted"))

/**
 * How a session's `providerConfig` sets up a call of Anthropic. There is no `temperature`: the API refuses it since its version
 * of 2026-10-21, so one that is there for another vendor is not sent.
 */
export const AnthropicSettings = Schema.Struct({
  ...ModelSettings.fields,
  /**
   * `adaptive`: the model decides how much. `enabled`: up to a budget, which is added to `maxTokens` when that is not set.
   * The model's own default unless told. Which of them a model takes differs.
   */
  thinking: optional(Schema.Union(
    Schema.Struct({ type: Schema.Literal("adaptive"), display }),
    Schema.Struct({
      type: Schema.Literal("enabled"),
      budgetTokens: Schema.Number.pipe(Schema.int(), Schema.greaterThanOrEqualTo(1024)),
      display
    }),
    Schema.Struct({ type: Schema.Literal("disabled", "between_tools") })
  )),
  effort: optional(Schema.Literal("low", "medium", "high", "xhigh", "max")),
  stopSequences: optional(Schema.Array(Schema.NonEmptyString)),
  /** How long the vendor's cache keeps what a call has sent. `5m` unless told. */
  cache: optional(Schema.Literal("5m", "1h", "off")),
  /**
   * Where system messages go that come in the course of a conversation. `inPlace` unless told; `top`: into the system prompt,
   * for models before Claude Opus 4.8 and gateways, which refuse them elsewhere.
   */
  systemMessages: optional(Schema.Literal("inPlace", "top"))
})
export interface AnthropicSettings extends Schema.Schema.Type<typeof AnthropicSettings> {}

const own = /^(?:accept|anthropic-(?:beta|version)|content-type|user-agent|x-stainless-.*)$/

/**
 * Fetches with the headers that the SDK itself gives, and the key. The SDK adds those of `ANTHROPIC_CUSTOM_HEADERS` to any
 * client, and there is no option against it.
 */
export const ownHeaders =
  (apiKey: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch => (input, init) => {
    const headers = new Headers()
    for (const [name, value] of new Headers(init?.headers)) if (own.test(name)) headers.set(name, value)
    headers.set("authorization", `Bearer ${apiKey}`)
    return fetch(input, { ...init, headers })
  }

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
