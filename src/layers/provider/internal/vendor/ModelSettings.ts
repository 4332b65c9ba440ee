import * as Schema from "effect/Schema"
import { JsonRecord } from "../../../../domain/JsonRecord.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * A tool that the model may ask for. The application runs it, and sends a `ToolResult`.
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
 * What a session's `providerConfig` may hold for any vendor, so that it can change vendors and keep it.
 */
export const ModelSettings = Schema.Struct({
  /** The system prompt. Sent with each call, before system messages of the history. */
  system: optional(Schema.NonEmptyString),
  /** The longest reply. */
  maxTokens: optional(Schema.Positive.pipe(Schema.int())),
  tools: optional(Schema.Array(ToolDefinition).pipe(Schema.maxItems(128))),
  /** `auto` unless told; `required` demands some tool, a name that one. */
  toolChoice: optional(
    Schema.Union(Schema.Literal("auto", "required", "none"), Schema.Struct({ name: Schema.String }))
  ),
  /** More fields of the vendor's request, as the vendor names them. They win. */
  extra: optional(JsonRecord)
})
export interface ModelSettings extends Schema.Schema.Type<typeof ModelSettings> {}
