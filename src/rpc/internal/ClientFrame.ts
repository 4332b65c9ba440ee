import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

// Without leading zeros: the server takes it for a number, and one call must not have two names.
const RequestId = Schema.String.pipe(
  Schema.pattern(/^(0|[1-9]\d{0,127})$/, { description: "a whole number of 1 to 128 digits" })
)
const TraceId = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{1,64}$/, { description: "a trace id" }))

// What is wrong with the headers is no reason to refuse a call: it counts as having none.
const Headers = Schema.Array(Schema.Tuple(Schema.String, Schema.String)).annotations({
  decodingFallback: () => Either.right([])
})

/**
 * What a client may send, by the protocol of `@effect/rpc`. The payload is looked at later, once the caller is known.
 */
export const ClientFrame = Schema.Union(
  Schema.TaggedStruct("Request", {
    id: RequestId,
    tag: Schema.String.pipe(Schema.maxLength(128)),
    payload: Schema.optional(Schema.Unknown),
    headers: Schema.optionalWith(Headers, { default: () => [] }),
    traceId: Schema.optionalWith(TraceId, { exact: true }),
    spanId: Schema.optionalWith(TraceId, { exact: true }),
    sampled: Schema.optionalWith(Schema.Boolean, { exact: true })
  }),
  Schema.TaggedStruct("Ack", { requestId: RequestId }),
  Schema.TaggedStruct("Interrupt", { requestId: RequestId }),
  Schema.TaggedStruct("Ping", {})
)
export type ClientFrame = typeof ClientFrame.Type
