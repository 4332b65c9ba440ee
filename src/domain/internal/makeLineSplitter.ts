import * as Effect from "effect/Effect"
import { InvalidRequest } from "../error/InvalidRequest.js"

const lineFeed = 0x0a

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

  const take = (): Uint8Array => {
    const line = new Uint8Array(held)
    let place = 0
    for (const piece of pieces) {
      line.set(piece, place)
      place += piece.length
    }
    pieces = []
    held = 0
    number += 1
    return line
  }

  return (bytes: Uint8Array): Effect.Effect<ReadonlyArray<Uint8Array>, InvalidRequest> =>
    Effect.suspend(() => {
      const lines: Array<Uint8Array> = []
      let start = 0
      for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
        if (!hold(bytes.subarray(start, end))) return tooLong(number, maxBytes)
        lines.push(take())
        start = end + 1
      }
      return hold(bytes.subarray(start)) ? Effect.succeed(lines) : tooLong(number, maxBytes)
    })
}

const tooLong = (number: number, maxBytes: number) =>
  new InvalidRequest({ path: [`line ${number}`], reason: `is longer than ${maxBytes} bytes` })
