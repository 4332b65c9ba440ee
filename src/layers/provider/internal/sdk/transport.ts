import * as Predicate from "effect/Predicate"

/** Before a connection stands, nothing of a request can have been carried out. */
const beforeConnection = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPROTO",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])
const ofTls = /^(?:CERT|ERR_TLS|ERR_SSL)_/
const maxDepth = 8

/**
 * Node's code for why no connection could be made, from wherever in the chain of causes it stands. Nothing when one was
 * made, or when that is not known.
 */
export const connectFailureOf = (thrown: unknown): string | undefined => {
  let error = thrown
  for (let depth = 0; depth < maxDepth && Predicate.isRecord(error); depth++) {
    const { code, cause, errors } = error
    if (typeof code === "string" && (beforeConnection.has(code) || ofTls.test(code))) return code
    // Where a name has several addresses, each of them failed.
    error = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return undefined
}

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
