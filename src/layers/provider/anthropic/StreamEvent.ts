import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

const index = Schema.Number

/** A block as it stands in the stream, whatever else it holds. A record schema would not leave all of it as it is. */
const ContentBlock = Schema.declare((value): value is { readonly type: string; readonly [field: string]: unknown } =>
  Predicate.isRecord(value) && typeof value["type"] === "string"
)
export type ContentBlock = typeof ContentBlock.Type

/** Counts that are missing or make no sense must not fail a reply. */
const usage = Schema.optional(Schema.Unknown)

/**
 * An event of a reply, with what is read of it. `connected` is not the vendor's: it comes first, and tells of the headers.
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
