import * as Schema from "effect/Schema"
import { ModelSettings } from "../internal/sdk/settings.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const display = optional(Schema.Literal("summarized", "omitted"))

/**
 * The keys of a session's `providerConfig` for Anthropic. There is no `temperature`: the API refuses it since its version of
 * 2026-10-21, so one that is set for another vendor is not sent.
 */
export const AnthropicSettings = Schema.Struct({
  ...ModelSettings.fields,
  /**
   * `adaptive`: the model decides how much. `enabled`: up to a budget, which is added to the default of `maxTokens`. Models
   * differ in which of them they accept. Default: the model's.
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
  /** How long the vendor's prompt cache keeps what a call has sent. Default: `5m`. */
  cache: optional(Schema.Literal("5m", "1h", "off")),
  /**
   * Where system messages from the middle of a conversation are sent. `top`: in the system prompt, for models before Claude Opus
   * 4.8 and for gateways, which refuse them elsewhere. Default: `inPlace`.
   */
  systemMessages: optional(Schema.Literal("inPlace", "top"))
})
export interface AnthropicSettings extends Schema.Schema.Type<typeof AnthropicSettings> {}
