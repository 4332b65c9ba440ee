import * as Effect from "effect/Effect"
import type { InvalidRequest } from "../error/InvalidRequest.js"
import { joinBytes } from "./joinBytes.js"
import { lineTooLong } from "./lineTooLong.js"
import type { Line } from "./makeLineSplitter.js"

/**
 * Makes one line of a JSON document that is printed over several: from a line of one `{` up to one of one `}`. Other lines
 * pass as they are. `rest` is a document without its end.
 */
export const makeDocumentJoiner = (maxBytes: number) => {
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

/** Whether a line is this character, and perhaps a carriage return. */
const isOnly = (bytes: Uint8Array, character: string): boolean =>
  bytes[0] === character.charCodeAt(0) && (bytes.length === 1 || (bytes.length === 2 && bytes[1] === 0x0d))
