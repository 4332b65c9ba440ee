import * as Schema from "effect/Schema"
import { ModelSettings } from "../internal/vendor/ModelSettings.js"

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
