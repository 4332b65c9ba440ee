import * as Schema from "effect/Schema"
import { ModelSettings } from "../internal/sdk/settings.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * The keys of a session's `providerConfig` for OpenAI.
 */
export const OpenAiSettings = Schema.Struct({
  ...ModelSettings.fields,
  /** Reasoning models refuse it. */
  temperature: optional(Schema.Number.pipe(Schema.between(0, 2))),
  topP: optional(Schema.Number.pipe(Schema.between(0, 1))),
  reasoningEffort: optional(Schema.Literal("none", "minimal", "low", "medium", "high", "xhigh", "max")),
  /** Asks for a readable summary of the reasoning, as the `text` of an opaque part. Default: no summary. */
  reasoningSummary: optional(Schema.Literal("auto", "concise", "detailed")),
  verbosity: optional(Schema.Literal("low", "medium", "high")),
  /** Allows several tool calls in one reply. Default: the vendor's, which is true. */
  parallelToolCalls: optional(Schema.Boolean),
  serviceTier: optional(Schema.Literal("auto", "default", "flex", "scale", "priority"))
})
export interface OpenAiSettings extends Schema.Schema.Type<typeof OpenAiSettings> {}
