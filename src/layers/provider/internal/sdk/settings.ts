import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { JsonRecord } from "../../../../domain/Json.js"
import { TokenUsage } from "../../../../domain/Message.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * A tool that the model may call. The application runs it and sends a `ToolResult`.
 */
export const ToolDefinition = Schema.Struct({
  name: Schema.String.pipe(
    Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, { description: "1 to 64 letters, digits, '-' or '_'" })
  ),
  description: optional(Schema.String),
  /** The arguments, as a JSON Schema. */
  parameters: JsonRecord
})
export interface ToolDefinition extends Schema.Schema.Type<typeof ToolDefinition> {}

/**
 * The keys of `providerConfig` that mean the same for every vendor, so that a session can change vendors and keep them.
 */
export const ModelSettings = Schema.Struct({
  /** The system prompt. Sent with each call, before the system messages of the history. */
  system: optional(Schema.NonEmptyString),
  /** Maximum length of a reply, in tokens. */
  maxTokens: optional(Schema.Positive.pipe(Schema.int())),
  tools: optional(Schema.Array(ToolDefinition).pipe(Schema.maxItems(128))),
  /** `required` demands a tool call, a name demands that tool. Default: `auto`. */
  toolChoice: optional(
    Schema.Union(Schema.Literal("auto", "required", "none"), Schema.Struct({ name: Schema.String }))
  ),
  /** More fields of the vendor's request, in the vendor's names. They override ours. */
  extra: optional(JsonRecord)
})
export interface ModelSettings extends Schema.Schema.Type<typeof ModelSettings> {}

/**
 * Checks a vendor's counts. Undefined when a count is missing, negative, or greater than the total it is part of.
 */
export const toTokenUsage = (counted: { readonly [Field in keyof TokenUsage]: unknown }): TokenUsage | undefined => {
  const present = Object.fromEntries(
    Object.entries(counted).filter(([, count]) => count !== undefined && count !== null)
  )
  const usage = Either.getOrUndefined(decodeUsage(present))
  if (usage === undefined) return undefined
  const { cacheReadTokens = 0, cacheWriteTokens = 0, inputTokens, outputTokens, reasoningTokens = 0 } = usage
  return cacheReadTokens + cacheWriteTokens <= inputTokens && reasoningTokens <= outputTokens ? usage : undefined
}

const decodeUsage = Schema.decodeUnknownEither(TokenUsage)
