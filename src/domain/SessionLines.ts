import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "./error/InvalidRequest.js"
import { makeDocumentJoiner } from "./internal/makeDocumentJoiner.js"
import { makeLineSplitter } from "./internal/makeLineSplitter.js"
import { SessionExport } from "./SessionExport.js"
import { SessionRecord } from "./SessionRecord.js"

/** Bytes that the line of one session may have. */
export const maxLineBytes = 64 * 1024 * 1024

const encodeJson = Schema.encode(Schema.parseJson(SessionExport))
const decodeJson = Schema.decodeUnknown(SessionRecord)

/**
 * One session as one line of JSON, without its end.
 */
export const encodeLine = (record: SessionExport): Effect.Effect<string> => Effect.orDie(encodeJson(record))

/**
 * Reads one session. Fails with the path to what is wrong, and says nothing of what is there.
 */
export const decodeLine = (line: string): Effect.Effect<SessionExport, InvalidRequest> =>
  Effect.flatMap(parse(line), decodeJson).pipe(
    Effect.catchTag("ParseError", (error) => InvalidRequest.fromParseError(error))
  )

/**
 * Sessions as JSON Lines (jsonlines.org): a session a line.
 */
export const encode = <E, R>(records: Stream.Stream<SessionExport, E, R>): Stream.Stream<string, E, R> =>
  Stream.mapEffect(records, (record) => Effect.map(encodeLine(record), (line) => `${line}\n`))

/**
 * Reads sessions from JSON Lines in UTF-8, one at a time; a document over several lines, with its outer braces on lines of
 * their own, is read as one. Blank lines count, and are passed over. Fails at the first line that holds no session, with its
 * number in the path, and at one of more than 64 MiB.
 */
export const decode = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<SessionExport, E | InvalidRequest, R> =>
  Stream.suspend(() => {
    const split = makeLineSplitter(maxLineBytes)
    const { join, rest } = makeDocumentJoiner(maxLineBytes)
    return bytes.pipe(
      Stream.concat(Stream.succeed(lineEnd)),
      Stream.mapConcatEffect(split),
      Stream.mapConcatEffect(join),
      Stream.concat(Stream.fromIterableEffect(rest)),
      Stream.filter(({ bytes }) => !isBlank(bytes)),
      Stream.mapEffect(({ bytes, number }) =>
        Effect.mapError(
          Effect.flatMap(decodeUtf8(bytes), decodeLine),
          ({ path, reason }) => new InvalidRequest({ path: [`line ${number}`, ...path], reason })
        )
      )
    )
  })

const lineEnd = new TextEncoder().encode("\n")

const isBlank = (line: Uint8Array): boolean => line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)

const decodeUtf8 = (line: Uint8Array): Either.Either<string, InvalidRequest> =>
  Either.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(line),
    catch: () => invalid("is not UTF-8")
  })

/** Not by the schema, which would quote what is no JSON. */
const parse = (line: string): Either.Either<unknown, InvalidRequest> =>
  Either.try({ try: (): unknown => JSON.parse(line), catch: () => invalid("is not JSON") })

const invalid = (reason: string) => new InvalidRequest({ path: [], reason })
