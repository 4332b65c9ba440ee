import * as Schema from "effect/Schema"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullishOr(schema), { exact: true })
const texts = Schema.Array(Schema.Struct({ text: Schema.String }))

/**
 * The items of a reply that are understood. All others are opaque.
 */
export const OpenAiItem = Schema.Union(
  Schema.Struct({
    type: Schema.Literal("message"),
    phase: optional(Schema.String),
    content: Schema.Array(
      Schema.Union(
        Schema.Struct({ type: Schema.Literal("output_text"), text: Schema.String }),
        Schema.Struct({ type: Schema.Literal("refusal"), refusal: Schema.String })
      )
    )
  }),
  Schema.Struct({
    type: Schema.Literal("function_call"),
    call_id: Schema.String,
    name: Schema.String,
    arguments: Schema.String,
    status: optional(Schema.String)
  }),
  Schema.Struct({ type: Schema.Literal("reasoning"), summary: optional(texts) })
)
export type OpenAiItem = typeof OpenAiItem.Type
export type OpenAiMessage = Extract<OpenAiItem, { readonly type: "message" }>

export const knownItemTypes: ReadonlySet<string> = new Set(
  OpenAiItem.members.flatMap(({ fields }) => fields.type.literals)
)
