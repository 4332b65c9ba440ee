import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullishOr(schema), { exact: true })
const word = Schema.String.pipe(Schema.maxLength(512))
/** The very object: it may have to go back as it is. */
const item = Schema.declare(Predicate.isReadonlyRecord)
const ofItem = { output_index: Schema.Number }

/** A whole response, as far as it matters here. */
const Response = Schema.Struct({
  id: word,
  model: optional(word),
  status: optional(word),
  service_tier: optional(word),
  output: optional(Schema.Array(item)),
  usage: optional(Schema.Unknown),
  error: optional(Schema.Unknown),
  incomplete_details: optional(Schema.Struct({ reason: optional(Schema.String) }))
})

/**
 * Those of the vendor's events that a reply is made of. An SDK says what their types are, and checks nothing.
 */
export const OpenAiEvent = Schema.Union(
  /** Not the vendor's: what the headers of its answer say. */
  Schema.Struct({ type: Schema.Literal("identified"), requestId: Schema.String }),
  Schema.Struct({ type: Schema.Literal("response.output_item.added"), ...ofItem, item }),
  Schema.Struct({ type: Schema.Literal("response.output_text.delta"), ...ofItem, delta: Schema.String }),
  Schema.Struct({ type: Schema.Literal("response.refusal.delta"), ...ofItem, delta: Schema.String }),
  Schema.Struct({ type: Schema.Literal("response.output_item.done"), ...ofItem, item }),
  Schema.Struct({ type: Schema.Literal("response.completed"), response: Response }),
  Schema.Struct({ type: Schema.Literal("response.incomplete"), response: Response }),
  Schema.Struct({ type: Schema.Literal("response.failed"), response: Response }),
  Schema.Struct({
    type: Schema.Literal("error"),
    code: optional(Schema.String),
    message: optional(Schema.String),
    param: optional(Schema.String)
  })
)
export type OpenAiEvent = typeof OpenAiEvent.Type
export type OpenAiResponse = typeof Response.Type

/** More are sent, and yet more will be. */
export const knownEventTypes: ReadonlySet<string> = new Set(
  OpenAiEvent.members.flatMap(({ fields }) => fields.type.literals)
)
