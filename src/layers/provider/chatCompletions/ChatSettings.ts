import * as Schema from "effect/Schema"
import { ModelSettings } from "../internal/vendor/ModelSettings.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const penalty = Schema.Number.pipe(Schema.between(-2, 2))

/**
 * What a session's `providerConfig` may hold. What is not told is left to the gateway; `extra` has room for what is not here,
 * such as `max_completion_tokens` for models that refuse the `max_tokens` which `maxTokens` becomes.
 */
export const ChatSettings = Schema.Struct({
  ...ModelSettings.fields,
  temperature: optional(Schema.Number.pipe(Schema.between(0, 2))),
  topP: optional(Schema.Number.pipe(Schema.between(0, 1))),
  /** Texts at which the reply ends. */
  stop: optional(Schema.Array(Schema.NonEmptyString).pipe(Schema.maxItems(4))),
  /** The same seed, the same reply, as far as the gateway can. */
  seed: optional(Schema.Int),
  frequencyPenalty: optional(penalty),
  presencePenalty: optional(penalty),
  /** How much a thinking model thinks: `low`, `medium`, `high`, or what else the gateway knows. */
  reasoningEffort: optional(Schema.NonEmptyString)
})
export interface ChatSettings extends Schema.Schema.Type<typeof ChatSettings> {}
