import * as Either from "effect/Either"

/**
 * Follows a stream of server-sent events. A vendor may end it without the blank line after the last event, and the SDKs then
 * drop that event, which may be the one that completes a paid reply. `missingEnd` is what to add at the end: a blank line when
 * the last event's data is whole. An event that was cut stays dropped.
 */
export const followEvents = () => {
  /** The bytes after the last blank line. */
  let pending: Array<Uint8Array> = []
  let lineLength = 0
  let lastByte = 0

  return {
    push: (bytes: Uint8Array) => {
      let start = 0
      let eventStart = 0
      for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
        const length = lineLength + end - start
        const before = end === 0 ? lastByte : bytes[end - 1]
        if (length === 0 || (length === 1 && before === carriageReturn)) {
          pending = []
          eventStart = end + 1
        }
        start = end + 1
        lineLength = 0
      }
      lineLength += bytes.length - start
      lastByte = bytes.at(-1) ?? lastByte
      if (eventStart < bytes.length) pending.push(bytes.subarray(eventStart))
    },
    missingEnd: (): Uint8Array | undefined => isWhole(decode(pending)) ? blankLine : undefined
  }
}

const lineFeed = 10
const carriageReturn = 13
const blankLine = new TextEncoder().encode("\n\n")

const decode = (pieces: ReadonlyArray<Uint8Array>): string => {
  const decoder = new TextDecoder()
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode()
}

const isWhole = (event: string): boolean => {
  const data = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5))
  if (data.length === 0) return false
  const text = data.join("\n").trim()
  return text === "[DONE]" || Either.isRight(Either.try(() => JSON.parse(text)))
}
