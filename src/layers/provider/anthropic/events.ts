import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { TokenUsage } from "../../../domain/Message.js"
import { toTokenUsage } from "../internal/sdk/settings.js"

const index = Schema.Number

/** A content block, kept as it is. A record schema would not keep all of it. */
const ContentBlock = Schema.declare((value): value is { readonly type: string; readonly [field: string]: unknown } =>
  Predicate.isRecord(value) && typeof value["type"] === "string"
)
export type ContentBlock = typeof ContentBlock.Type

/** Missing or invalid counts must not fail a reply. */
const usage = Schema.optional(Schema.Unknown)

/**
 * An event of a reply, with the fields that are read. `connected` is not the vendor's: it comes first and carries the request
 * id from the response headers.
 */
export const StreamEvent = Schema.Union(
  Schema.Struct({ type: Schema.Literal("connected"), requestId: Schema.NullishOr(Schema.String) }),
  Schema.Struct({
    type: Schema.Literal("message_start"),
    message: Schema.Struct({ id: Schema.optional(Schema.Unknown), model: Schema.optional(Schema.Unknown), usage })
  }),
  Schema.Struct({ type: Schema.Literal("content_block_start"), index, content_block: ContentBlock }),
  Schema.Struct({ type: Schema.Literal("content_block_delta"), index, delta: ContentBlock }),
  Schema.Struct({ type: Schema.Literal("content_block_stop"), index }),
  Schema.Struct({
    type: Schema.Literal("message_delta"),
    delta: Schema.Struct({
      stop_reason: Schema.NullishOr(Schema.String),
      stop_details: Schema.optional(Schema.Unknown)
    }),
    usage
  }),
  Schema.Struct({ type: Schema.Literal("message_stop") })
)
export type StreamEvent = typeof StreamEvent.Type

const eventTypes: ReadonlySet<unknown> = new Set(StreamEvent.members.map(({ fields }) => fields.type.literals[0]))

/**
 * Decodes an event. Undefined for a type that is not known: the vendor may add some.
 */
export const decodeEvent = (input: unknown): Either.Either<StreamEvent, string> | undefined => {
  const event = readEvent(input)
  if (Either.isRight(event)) return Either.right(event.right)
  const isNew = Predicate.isRecord(input) && typeof input["type"] === "string" && !eventTypes.has(input["type"])
  return isNew ? undefined : Either.left("invalid event")
}

const readEvent = Schema.decodeUnknownEither(StreamEvent)

/**
 * The usage by the vendor's latest counts. Its `input_tokens` leave out what its cache read or wrote, so the whole input is the
 * sum of three.
 */
export const toUsage = (counts: { readonly [name: string]: unknown }): TokenUsage | undefined => {
  const read = counts["cache_read_input_tokens"] ?? undefined
  const written = counts["cache_creation_input_tokens"] ?? undefined
  const details = counts["output_tokens_details"]
  return toTokenUsage({
    inputTokens: Number(counts["input_tokens"] ?? Number.NaN) + Number(read ?? 0) + Number(written ?? 0),
    outputTokens: counts["output_tokens"],
    cacheReadTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: Predicate.isRecord(details) ? details["thinking_tokens"] : undefined
  })
}
