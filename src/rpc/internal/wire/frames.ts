import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../../domain/error/RequestError.js"

/**
 * The result of reading one line. `Refused`: a malformed frame, with the id of its call if that is readable. `Unreadable`: not
 * JSON; the connection cannot continue.
 */
export type ReadFrame = Data.TaggedEnum<{
  Read: { readonly frame: ClientFrame }
  Refused: { readonly requestId: string | undefined; readonly error: InvalidRequest }
  Unreadable: { readonly error: InvalidRequest }
}>
export const ReadFrame = Data.taggedEnum<ReadFrame>()

/**
 * Reads newline-delimited JSON, one frame per line. It never throws. The data is complete, so nothing is carried over to the next.
 */
export function* framesOf(data: Uint8Array): Generator<ReadFrame> {
  const decoded = decodeUtf8(data)
  if (Either.isLeft(decoded)) return yield ReadFrame.Unreadable({ error: decoded.left })
  const text = decoded.right
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf("\n", start)
    if (end === -1) end = text.length
    const line = text.slice(start, end)
    if (line.trim() !== "") yield readFrame(line)
  }
}

const readFrame = (line: string): ReadFrame => {
  if (isDeeperThan(line, maxDepth)) return unreadable(`is nested more than ${maxDepth} levels deep`)
  const json = parseJson(line)
  if (Either.isLeft(json)) return ReadFrame.Unreadable({ error: json.left })
  if (!Predicate.isRecord(json.right)) return unreadable("is not a JSON object")
  return Either.match(decodeFrame(json.right), {
    onRight: (frame) => ReadFrame.Read({ frame }),
    onLeft: (error) => ReadFrame.Refused({ requestId: idOf(json.right), error: InvalidRequest.fromParseError(error) })
  })
}

const maxDepth = 64
const maxIdLength = 128

const idOf = (frame: unknown) =>
  Predicate.hasProperty(frame, "id") && typeof frame.id === "string" && frame.id.length <= maxIdLength
    ? frame.id
    : undefined

const parseJson = (line: string): Either.Either<unknown, InvalidRequest> =>
  Either.try({ try: () => JSON.parse(line), catch: () => invalid("is not JSON") })

const decodeUtf8 = (bytes: Uint8Array) =>
  Either.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => invalid("is not UTF-8")
  })

const unreadable = (reason: string) => ReadFrame.Unreadable({ error: invalid(reason) })

const invalid = (reason: string) => new InvalidRequest({ path: [], reason })

/**
 * Whether a JSON text nests arrays and objects more than `limit` deep. It scans the text, before a parser or a schema recurses
 * into it.
 */
export const isDeeperThan = (json: string, limit: number): boolean => {
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === quote) i = endOfString(json, i)
    else if (opening.has(code) && ++depth > limit) return true
    else if (closing.has(code)) depth--
  }
  return false
}

const endOfString = (json: string, start: number): number => {
  let i = start + 1
  while (i < json.length && json.charCodeAt(i) !== quote) i += json.charCodeAt(i) === backslash ? 2 : 1
  return i
}

const quote = 0x22
const backslash = 0x5c
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

// Without leading zeros: the server reads it as a number, and a call must not have two ids.
const RequestId = Schema.String.pipe(
  Schema.pattern(/^(0|[1-9]\d{0,127})$/, { description: "a whole number of 1 to 128 digits" })
)
const TraceId = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{1,64}$/, { description: "a trace id" }))

// A call with malformed headers is not refused: it counts as having none.
const Headers = Schema.Array(Schema.Tuple(Schema.String, Schema.String)).annotations({
  decodingFallback: () => Either.right([])
})

/**
 * What a client may send in the protocol of `@effect/rpc`. The payload is decoded later, after authentication.
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

const decodeFrame = Schema.decodeUnknownEither(ClientFrame)
