import { connectFailureOf } from "./connectFailureOf.js"

const lineFeed = 10

/**
 * What came over a connection was more than it may be.
 */
export class TooMuch extends Error {}

/**
 * No connection was made. Its words are not those of a time-out: of one that it takes for its own, an SDK tells nothing more.
 */
class NoConnection extends Error {
  constructor(readonly code: string) {
    super("no connection was made")
  }
}

/**
 * Fetches, and bounds what comes back: an SDK keeps a line until it ends, however long that takes. `onBytes` is told of
 * each sign of life, which an SDK does not show.
 */
export const boundedFetch = (
  maxBytes: number,
  onBytes: () => void,
  maxLineBytes: number = 4 * 1024 * 1024
): typeof globalThis.fetch =>
async (input, init) => {
  const response = await globalThis.fetch(input, init).catch((thrown: unknown) => {
    const code = connectFailureOf(thrown)
    throw code === undefined ? thrown : new NoConnection(code)
  })
  onBytes()
  if (response.body === null) return response
  let total = 0
  let line = 0
  const bound = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => {
      onBytes()
      total += bytes.length
      const end = bytes.lastIndexOf(lineFeed)
      line = end === -1 ? line + bytes.length : bytes.length - end - 1
      if (total > maxBytes) controller.error(new TooMuch(`it sent more than ${maxBytes} bytes`))
      else if (line > maxLineBytes) controller.error(new TooMuch(`it sent a line of more than ${maxLineBytes} bytes`))
      else controller.enqueue(bytes)
    }
  })
  const { headers, status, statusText } = response
  return new Response(response.body.pipeThrough(bound), { headers, status, statusText })
}
