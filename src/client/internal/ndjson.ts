import type { FromClientEncoded, FromServerEncoded } from "@effect/rpc/RpcMessage"
import { RpcSerializationError } from "@effect/rpc/RpcSerialization"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"

/** An export is one frame, so a response may be far larger than a call. */
const maxResponseLength = 128 * 1024 * 1024

/**
 * A frame as a line of JSON. Throws `RpcSerializationError` for a call that exceeds the server's limit: sent over a WebSocket,
 * it would end all other calls on it.
 */
export const encodeFrame = (frame: FromClientEncoded): string => {
  const line = `${JSON.stringify(frame)}\n`
  const size = new TextEncoder().encode(line).length
  if (size > SessionRpcs.maxRequestBytes) throw exceeded(SessionRpcs.maxRequestBytes, size)
  return line
}

/**
 * Decodes frames from data that may end anywhere, even inside a character. The time is linear in the length of the data: the
 * decoder of `@effect/rpc` searches an unfinished line from its beginning each time a piece arrives. Throws
 * `RpcSerializationError` for a line of more than `maxLength` characters, and `SyntaxError` for one that is not JSON.
 */
export const makeDecoder = (maxLength: number = maxResponseLength) => {
  const decoder = new TextDecoder()
  let pieces: Array<string> = []
  let length = 0

  const clear = () => {
    pieces = []
    length = 0
  }
  const keep = (piece: string) => {
    const size = length + piece.length
    if (size > maxLength) {
      clear()
      throw exceeded(maxLength, size)
    }
    pieces.push(piece)
    length = size
  }

  return (data: Uint8Array | string): ReadonlyArray<FromServerEncoded> => {
    const text = typeof data === "string" ? data : decoder.decode(data, { stream: true })
    const frames: Array<FromServerEncoded> = []
    let start = 0
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      keep(text.slice(start, end))
      start = end + 1
      const line = pieces.join("")
      clear()
      if (line.trim() !== "") frames.push(JSON.parse(line))
    }
    if (start < text.length) keep(text.slice(start))
    return frames
  }
}

const exceeded = (maxBufferSize: number, bufferSize: number) =>
  new RpcSerializationError({ reason: "BufferSizeExceeded", maxBufferSize, bufferSize })
