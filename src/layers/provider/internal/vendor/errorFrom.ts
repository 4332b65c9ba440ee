import * as Predicate from "effect/Predicate"
import { ProviderAuth } from "../../../../domain/error/ProviderAuth.js"
import type { ProviderError } from "../../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../../domain/error/ProviderProtocol.js"
import { ProviderQuota } from "../../../../domain/error/ProviderQuota.js"
import { ProviderRejected } from "../../../../domain/error/ProviderRejected.js"
import { ProviderTransient } from "../../../../domain/error/ProviderTransient.js"
import type { JsonRecord } from "../../../../domain/JsonRecord.js"
import { connectFailureOf } from "./connectFailureOf.js"
import { retryAfterOf } from "./retryAfterOf.js"
import { type VendorFailure, vendorFailureOf } from "./vendorFailureOf.js"

/** Reasons for which a reply fails that lie in the request. */
const faultsOfRequest = [
  "bio_policy",
  "data_residency_mismatch",
  "empty_image_file",
  "failed_to_download_image",
  "image_content_policy_violation",
  "image_file_not_found",
  "image_file_too_large",
  "image_parse_error",
  "image_too_large",
  "image_too_small",
  "invalid_base64_image",
  "invalid_image",
  "invalid_image_format",
  "invalid_image_mode",
  "invalid_image_url",
  "unsupported_image_media_type"
]

/** In an error that comes in the stream, after HTTP 200, the words stand for the status. */
const statusOf: Readonly<Record<string, number>> = {
  ...Object.fromEntries(faultsOfRequest.map((code) => [code, 400])),
  invalid_request_error: 400,
  invalid_prompt: 400,
  context_length_exceeded: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  api_error: 500,
  server_error: 500,
  timeout_error: 504,
  vector_store_timeout: 504,
  overloaded_error: 529
}

const quotaCodes = new Set(["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"])
const transientStatuses = new Set([408, 409, 429])

/**
 * What a vendor's SDK has thrown, as one of our own errors. Nothing that the vendor wrote is repeated but short identifiers:
 * its messages quote prompts and parts of keys. `now` is in milliseconds.
 */
export const errorFrom = (provider: string, thrown: unknown, now: number): ProviderError => {
  const failure = vendorFailureOf(thrown)
  const status = failure.status ?? statusOf[failure.code ?? ""] ?? statusOf[failure.type ?? ""]
  if (status === undefined) {
    const notBegun = connectFailureOf(thrown)
    return notBegun === undefined
      ? new ProviderProtocol({ provider, reason: wordsOf(failure) ?? "the connection broke", ...contextOf(failure) })
      : new ProviderTransient({ provider, reason: `no connection could be made (${notBegun})` })
  }
  const fields = { provider, reason: reasonOf(status, failure), ...contextOf(failure, status) }
  if (status === 401 || status === 403) return new ProviderAuth(fields)
  if (status === 402 || quotaCodes.has(failure.code ?? "")) return new ProviderQuota(fields)
  if (transientStatuses.has(status) || status >= 500) {
    const retryAfterMs = failure.headers && retryAfterOf(failure.headers, now)
    return new ProviderTransient({ ...fields, ...(retryAfterMs !== undefined && { retryAfterMs }) })
  }
  return new ProviderRejected({ ...fields, ...(isOverflow(status, failure) && { overflow: true as const }) })
}

const reasonOf = (status: number, failure: VendorFailure): string =>
  [failure.status === undefined ? undefined : `HTTP ${status}`, wordsOf(failure)].filter(Predicate.isNotUndefined)
    .join(", ")

const wordsOf = ({ code, param, type }: VendorFailure): string | undefined => {
  const words = [type, code, param && `at ${param}`].filter(Predicate.isTruthy)
  return words.length === 0 ? undefined : words.join(", ")
}

const contextOf = ({ requestId }: VendorFailure, status?: number): { readonly context?: JsonRecord } =>
  requestId === undefined && status === undefined
    ? {}
    : { context: { ...(status !== undefined && { status }), ...(requestId !== undefined && { requestId }) } }

const isOverflow = (status: number, { code, tooLong }: VendorFailure): boolean =>
  status === 413 || code === "context_length_exceeded" || tooLong
