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
