import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { TokenUsage } from "../../../domain/Message.js"
import { toTokenUsage } from "../internal/sdk/settings.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullishOr(schema), { exact: true })
const word = Schema.String.pipe(Schema.maxLength(512))
/** Keeps the object as it is: it may have to be sent back unchanged. */
const item = Schema.declare(Predicate.isReadonlyRecord)
const ofItem = { output_index: Schema.Number }

/** The fields read of a whole response. */
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
export type OpenAiResponse = typeof Response.Type

/**
 * The vendor's events that make up a reply. The SDK declares their types and checks nothing.
 */
const OpenAiEvent = Schema.Union(
  /** Not the vendor's: carries the request id from the response headers. */
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
type OpenAiEvent = typeof OpenAiEvent.Type

const eventTypes: ReadonlySet<unknown> = new Set(OpenAiEvent.members.flatMap(({ fields }) => fields.type.literals))

/**
 * Decodes an event. Undefined for a type that is not known: there are more, and there will be others.
 */
export const decodeEvent = (input: unknown): Either.Either<OpenAiEvent, string> | undefined => {
  const type = Predicate.isRecord(input) ? input["type"] : undefined
  return eventTypes.has(type) ? Either.mapLeft(readEvent(input), () => `invalid event ${String(type)}`) : undefined
}

const readEvent = Schema.decodeUnknownEither(OpenAiEvent)

/**
 * The items of a reply that are read. All others become opaque parts.
 */
const OpenAiItem = Schema.Union(
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
  Schema.Struct({
    type: Schema.Literal("reasoning"),
    summary: optional(Schema.Array(Schema.Struct({ text: Schema.String })))
  })
)
export type OpenAiItem = typeof OpenAiItem.Type

const itemTypes: ReadonlySet<string> = new Set(OpenAiItem.members.flatMap(({ fields }) => fields.type.literals))

/**
 * Decodes an item of this type. Undefined for a type that is not known.
 */
export const decodeItem = (type: string, input: unknown): Either.Either<OpenAiItem, string> | undefined =>
  itemTypes.has(type) ? Either.mapLeft(readItem(input), () => `invalid item of type ${type}`) : undefined

const readItem = Schema.decodeUnknownEither(OpenAiItem)

/** Both the vendor and we count cached tokens as input and reasoning as output. */
export const toUsage = (usage: unknown): TokenUsage | undefined => {
  if (!Predicate.isRecord(usage)) return undefined
  const input = recordOrEmpty(usage["input_tokens_details"])
  const output = recordOrEmpty(usage["output_tokens_details"])
  return toTokenUsage({
    inputTokens: usage["input_tokens"],
    outputTokens: usage["output_tokens"],
    cacheReadTokens: input["cached_tokens"],
    cacheWriteTokens: input["cache_write_tokens"],
    reasoningTokens: output["reasoning_tokens"]
  })
}

const recordOrEmpty = (value: unknown) => (Predicate.isRecord(value) ? value : {})
