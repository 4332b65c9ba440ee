import * as Predicate from "effect/Predicate"
import { followEvents } from "./lastEvent.js"

/**
 * A `fetch` that bounds the response: an SDK buffers a line until it ends, however long that takes. It also ends a last event
 * that lacks its blank line. `onBytes` is called for the headers and for each packet, which an SDK does not show.
 */
export const boundedFetch = (
  maxBytes: number,
  onBytes: () => void,
  maxLineBytes: number = 4 * 1024 * 1024
): typeof globalThis.fetch =>
async (input, init) => {
  const response = await globalThis.fetch(input, init).catch((thrown: unknown) => {
    const code = connectFailureCode(thrown)
    throw code === undefined ? thrown : new NoConnection(code)
  })
  onBytes()
  if (response.body === null) return response
  let total = 0
  let line = 0
  const events = followEvents()
  const bound = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => {
      onBytes()
      total += bytes.length
      const end = bytes.lastIndexOf(lineFeed)
      line = end === -1 ? line + bytes.length : bytes.length - end - 1
      if (total > maxBytes) controller.error(new LimitExceeded(`the reply is longer than ${maxBytes} bytes`))
      else if (line > maxLineBytes) {
        controller.error(new LimitExceeded(`a line of the reply is longer than ${maxLineBytes} bytes`))
      } else {
        events.push(bytes)
        controller.enqueue(bytes)
      }
    },
    flush: (controller) => {
      const end = events.missingEnd()
      if (end) controller.enqueue(end)
    }
  })
  const { headers, status, statusText } = response
  return new Response(response.body.pipeThrough(bound), { headers, status, statusText })
}

const lineFeed = 10

/**
 * A response exceeded a limit of `boundedFetch`.
 */
export class LimitExceeded extends Error {}

/**
 * No connection was made. The message must not look like a timeout: the SDKs report a timeout as their own and drop the code.
 */
class NoConnection extends Error {
  constructor(readonly code: string) {
    super("no connection was made")
  }
}

/** Failures before the connection is established, when no part of a request can have been processed. */
const connectFailureCodes = new Set([
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
const tlsFailureCode = /^(?:CERT|ERR_TLS|ERR_SSL)_/
const maxCauses = 8

/**
 * Finds Node's code for a failed connection in the chain of causes. Undefined when a connection was made, or when that is
 * not known.
 */
export const connectFailureCode = (thrown: unknown): string | undefined => {
  let error = thrown
  for (let depth = 0; depth < maxCauses && Predicate.isRecord(error); depth++) {
    const { code, cause, errors } = error
    if (typeof code === "string" && (connectFailureCodes.has(code) || tlsFailureCode.test(code))) return code
    // A host name with several addresses fails with one error for each.
    error = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return undefined
}
