import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "./error/RequestError.js"
import { SessionExport, SessionRecord } from "./Transfer.js"

const joinBytes = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let place = 0
  for (const piece of pieces) {
    all.set(piece, place)
    place += piece.length
  }
  return all
}

const lineTooLong = (number: number, maxBytes: number) =>
  new InvalidRequest({ path: [`line ${number}`], reason: `is longer than ${maxBytes} bytes` })

const lineFeed = 0x0a

interface Line {
  /** Starts at 1. */
  readonly number: number
  readonly bytes: Uint8Array
}

/**
 * Splits chunks of bytes into lines. The rest after the last line feed is kept for the next chunk. Fails when a line exceeds
 * `maxBytes`, and never buffers more than that.
 */
const makeLineSplitter = (maxBytes: number) => {
  let pieces: Array<Uint8Array> = []
  let held = 0
  let number = 1

  const hold = (piece: Uint8Array) => {
    held += piece.length
    pieces.push(piece)
    return held <= maxBytes
  }

  const take = (): Line => {
    const line = { number, bytes: joinBytes(pieces) }
    pieces = []
    held = 0
    number += 1
    return line
  }

  return (bytes: Uint8Array): Effect.Effect<ReadonlyArray<Line>, InvalidRequest> =>
    Effect.suspend(() => {
      const lines: Array<Line> = []
      let start = 0
      for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
        if (!hold(bytes.subarray(start, end))) return lineTooLong(number, maxBytes)
        lines.push(take())
        start = end + 1
      }
      return hold(bytes.subarray(start)) ? Effect.succeed(lines) : lineTooLong(number, maxBytes)
    })
}

/**
 * Joins a pretty-printed JSON document into one line: from a line with only `{` to a line with only `}`. Other lines pass
 * unchanged. `rest` returns an unfinished document.
 */
const makeDocumentJoiner = (maxBytes: number) => {
  let open: Array<Line> = []
  let held = 0

  const close = (): ReadonlyArray<Line> => {
    const [first] = open
    const document = first ? [{ number: first.number, bytes: joinBytes(open.map(({ bytes }) => bytes)) }] : []
    open = []
    held = 0
    return document
  }

  return {
    join: (line: Line): Effect.Effect<ReadonlyArray<Line>, InvalidRequest> =>
      Effect.suspend(() => {
        if (open.length === 0 && !isOnly(line.bytes, "{")) return Effect.succeed([line])
        open.push(line)
        held += line.bytes.length
        if (held > maxBytes) return lineTooLong(open[0]?.number ?? line.number, maxBytes)
        return Effect.succeed(isOnly(line.bytes, "}") ? close() : [])
      }),
    rest: Effect.sync(close)
  }
}

/** Whether a line is this one character, with an optional carriage return. */
const isOnly = (bytes: Uint8Array, character: string): boolean =>
  bytes[0] === character.charCodeAt(0) && (bytes.length === 1 || (bytes.length === 2 && bytes[1] === 0x0d))

/** Maximum bytes of a line, and so of one session. */
export const maxLineBytes = 64 * 1024 * 1024

const encodeJson = Schema.encode(Schema.parseJson(SessionExport))
const decodeJson = Schema.decodeUnknown(SessionRecord)

/**
 * Encodes one session as one line of JSON, without the line feed.
 */
export const encodeLine = (record: SessionExport): Effect.Effect<string> => Effect.orDie(encodeJson(record))

/**
 * Decodes one session. Fails with `InvalidRequest`, which names the wrong field and never its value.
 */
export const decodeLine = (line: string): Effect.Effect<SessionExport, InvalidRequest> =>
  Effect.flatMap(parse(line), decodeJson).pipe(
    Effect.catchTag("ParseError", (error) => InvalidRequest.fromParseError(error))
  )

/**
 * Encodes sessions as JSON Lines (jsonlines.org), one session per line.
 */
export const encode = <E, R>(records: Stream.Stream<SessionExport, E, R>): Stream.Stream<string, E, R> =>
  Stream.mapEffect(records, (record) => Effect.map(encodeLine(record), (line) => `${line}\n`))

/**
 * Decodes sessions from JSON Lines in UTF-8, one at a time. A pretty-printed document with its outer braces on lines of their own
 * is accepted too. Blank lines are skipped. Fails with `InvalidRequest` at the first line that is not a session, with the line
 * number in the path, and at a line of more than 64 MiB.
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

/** `Schema.parseJson` would quote the malformed text. */
const parse = (line: string): Either.Either<unknown, InvalidRequest> =>
  Either.try({ try: (): unknown => JSON.parse(line), catch: () => invalid("is not JSON") })

const invalid = (reason: string) => new InvalidRequest({ path: [], reason })
