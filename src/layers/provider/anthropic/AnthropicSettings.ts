import * as Schema from "effect/Schema"
import { ModelSettings } from "../internal/vendor/ModelSettings.js"

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
