import * as Effect from "effect/Effect"
import type { InvalidRequest } from "../error/InvalidRequest.js"
import { joinBytes } from "./joinBytes.js"
import { lineTooLong } from "./lineTooLong.js"

const lineFeed = 0x0a

export interface Line {
  /** 1 for the first. */
  readonly number: number
  readonly bytes: Uint8Array
}

/**
 * Cuts bytes into lines, whichever way they come. What follows the last line feed is kept for the next piece. Fails once a
 * line is longer than `maxBytes`, of which no more is ever held.
 */
export const makeLineSplitter = (maxBytes: number) => {
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
