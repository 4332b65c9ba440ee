import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"
import { ClientFrame } from "./ClientFrame.js"
import { isDeeperThan } from "./isDeeperThan.js"

const maxDepth = 64
const maxIdLength = 128

/**
 * What one line turned out to be. `Refused` is no proper frame, and says which call it belongs to as far as that can be
 * told. After `Unreadable` nothing can be trusted any more.
 */
export type ReadFrame = Data.TaggedEnum<{
  Read: { readonly frame: ClientFrame }
  Refused: { readonly requestId: string | undefined; readonly error: InvalidRequest }
  Unreadable: { readonly error: InvalidRequest }
}>
export const ReadFrame = Data.taggedEnum<ReadFrame>()

/**
 * Reads newline-delimited JSON, one frame a line, and never throws. Each piece of data is complete in itself, so a bad one
 * leaves nothing behind for the next.
 */
export function* readFrames(data: string | Uint8Array): Generator<ReadFrame> {
  const text = typeof data === "string" ? Either.right(data) : decodeUtf8(data)
  if (Either.isLeft(text)) return yield ReadFrame.Unreadable({ error: text.left })
  for (const line of text.right.split("\n")) {
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

const decodeFrame = Schema.decodeUnknownEither(ClientFrame)

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
