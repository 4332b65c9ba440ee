import * as Schema from "effect/Schema"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const ToolCallDelta = Schema.Struct({
  index: maybe(Schema.Number),
  id: maybe(Schema.String),
  function: maybe(Schema.Struct({ name: maybe(Schema.String), arguments: maybe(Schema.String) }))
})

/**
 * What is read of a chunk of a reply. Gateways leave out what they like, and add what they like: thinking comes in fields of
 * various names, and is no part of the reply.
 */
export const ChatChunk = Schema.Struct({
  id: maybe(Schema.String),
  model: maybe(Schema.String),
  choices: maybe(Schema.Array(Schema.Struct({
    index: maybe(Schema.Number),
    delta: maybe(Schema.Struct({
      content: maybe(Schema.String),
      refusal: maybe(Schema.String),
      tool_calls: maybe(Schema.Array(ToolCallDelta))
    })),
    finish_reason: maybe(Schema.String)
  }))),
  usage: maybe(Schema.Struct({
    prompt_tokens: Schema.Unknown,
    completion_tokens: Schema.Unknown,
    prompt_tokens_details: maybe(Schema.Struct({ cached_tokens: Schema.Unknown })),
    completion_tokens_details: maybe(Schema.Struct({ reasoning_tokens: Schema.Unknown }))
  }))
})
export interface ChatChunk extends Schema.Schema.Type<typeof ChatChunk> {}
export type ToolCallDelta = typeof ToolCallDelta.Type
