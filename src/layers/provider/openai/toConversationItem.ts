import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ConversationItem } from "./ConversationItem.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullishOr(schema), { exact: true })

/** What is read of an item as the vendor sends it. Content without text is an image or a file. */
export const WireItem = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  role: optional(Schema.String),
  content: optional(
    Schema.Array(Schema.Struct({ text: optional(Schema.String), refusal: optional(Schema.String) }))
  )
})

export const toConversationItem = ({ content, id, role, type }: typeof WireItem.Type): ConversationItem =>
  type === "message" && Predicate.isNotNullable(role)
    ? { _tag: "Message", id, role, text: (content ?? []).map(({ refusal, text }) => text ?? refusal ?? "").join("") }
    : { _tag: "Other", id, type }
