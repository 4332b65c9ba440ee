import * as Predicate from "effect/Predicate"
import {
  ProviderAuth,
  type ProviderError,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient
} from "../../../../domain/error/ProviderError.js"
import type { JsonRecord } from "../../../../domain/Json.js"
import { parseRetryAfter, toWait } from "../../../../services/internal/retryAfter.js"
import { connectFailureCode } from "./transport.js"

/**
 * Turns what a vendor's SDK has thrown into one of our own errors. Only short identifiers of the vendor's text are kept: its
 * messages quote prompts and parts of keys. `now` is in milliseconds.
 */
export const toProviderError = (provider: string, thrown: unknown, now: number): ProviderError => {
  const failure = toVendorFailure(thrown)
  const status = failure.status ?? statusByCode[failure.code ?? ""] ?? statusByCode[failure.type ?? ""]
  if (status === undefined) {
    const notBegun = connectFailureCode(thrown)
    return notBegun === undefined
      ? new ProviderProtocol({ provider, reason: toWords(failure) ?? "the connection broke", ...toContext(failure) })
      : new ProviderTransient({ provider, reason: `could not connect (${notBegun})` })
  }
  const fields = { provider, reason: toReason(status, failure), ...toContext(failure, status) }
  if (status === 401 || status === 403) return new ProviderAuth(fields)
  if (status === 402 || failure.usedUp || quotaCodes.has(failure.code ?? "")) return new ProviderQuota(fields)
  if (transientStatuses.has(status) || status >= 500) {
    const retryAfterMs = failure.headers && readRetryAfter(failure.headers, now)
    return new ProviderTransient({ ...fields, ...(retryAfterMs !== undefined && { retryAfterMs }) })
  }
  return new ProviderRejected({ ...fields, ...(isOverflow(status, failure) && { overflow: true as const }) })
}

const quotaCodes = new Set([
  "insufficient_quota",
  "billing_hard_limit_reached",
  "billing_not_active",
  "contract_spend_limit_reached",
  "enforced_spend_limit_reached"
])
const transientStatuses = new Set([408, 409, 429])

const isOverflow = (status: number, { code, tooLong }: VendorFailure): boolean =>
  status === 413 || code === "context_length_exceeded" || tooLong

const toReason = (status: number, failure: VendorFailure): string =>
  [failure.status === undefined ? undefined : `HTTP ${status}`, toWords(failure)].filter(Predicate.isNotUndefined)
    .join(", ")

const toWords = ({ code, param, type }: VendorFailure): string | undefined => {
  const words = [type, code, param && `at ${param}`].filter(Predicate.isTruthy)
  return words.length === 0 ? undefined : words.join(", ")
}

const toContext = ({ requestId }: VendorFailure, status?: number): { readonly context?: JsonRecord } =>
  requestId === undefined && status === undefined
    ? {}
    : { context: { ...(status !== undefined && { status }), ...(requestId !== undefined && { requestId }) } }

/** The HTTP status of the vendor's answer, when the error has one. */
export const statusOf = ({ context }: ProviderError): number | undefined => {
  const status = context?.["status"]
  return typeof status === "number" ? status : undefined
}

/**
 * The useful parts of what an SDK has thrown. All text is identifiers.
 */
interface VendorFailure {
  readonly status?: number
  readonly headers?: Headers
  readonly requestId?: string
  readonly type?: string
  readonly code?: string
  /** The field of the request that the failure is about. */
  readonly param?: string
  /** The message says that the request is longer than the model can take, which no identifier does. */
  readonly tooLong: boolean
  /** The message says that the account's credit or limit is used up; the identifier is a plain `invalid_request_error`. */
  readonly usedUp: boolean
}

const leadingPath = /^([a-z_]+(?:\.[a-z0-9_]+)*): /
const tooLong =
  /prompt is too long|maximum context length|exceeds? the (?:maximum )?context|input length and `max_tokens`/i
const usedUp = /^Your credit balance is too low|^You have reached your specified (?:workspace )?API usage limits/i

export const toVendorFailure = (thrown: unknown): VendorFailure => {
  const own = Predicate.isRecord(thrown) ? thrown : {}
  // One SDK's `error` is the error itself, the other's is the body with the error inside.
  const body = Predicate.isRecord(own["error"]) ? own["error"] : {}
  const error = Predicate.isRecord(body["error"]) ? body["error"] : body
  const message = typeof error["message"] === "string" ? error["message"] : ""
  const details = Predicate.isRecord(error["details"]) ? error["details"] : {}
  const pick = (name: string) => [own[name], error[name]].find(isIdentifier)
  const param = pick("param") ?? leadingPath.exec(message)?.[1]
  const type = pick("type")
  const code = pick("code") ?? [details["error_code"]].find(isIdentifier)
  // A gateway that fails in the middle of a stream may name the status that it would have answered with.
  const status = [own["status"], own["code"], error["code"]].find(isStatus)
  return {
    tooLong: tooLong.test(message),
    usedUp: usedUp.test(message),
    ...(status !== undefined && { status }),
    ...(own["headers"] instanceof Headers && { headers: own["headers"] }),
    ...(isIdentifier(own["requestID"]) && { requestId: own["requestID"] }),
    ...(type !== undefined && { type }),
    ...(code !== undefined && { code }),
    ...(param !== undefined && { param })
  }
}

const isStatus = (value: unknown): value is number => typeof value === "number" && value >= 400 && value < 600

/** Codes of a failed reply whose cause is the request. */
const requestFaults = [
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

/** An error in the stream comes after HTTP 200, so its code stands for the status. */
const statusByCode: Readonly<Record<string, number>> = {
  ...Object.fromEntries(requestFaults.map((code) => [code, 400])),
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

/**
 * True for a short word such as vendors use for codes, models and ids. It is safe to keep and show: it is no prose and no part
 * of a prompt.
 */
export const isIdentifier = (value: unknown): value is string => typeof value === "string" && identifier.test(value)

const identifier = /^[\w.[\]-]{1,80}$/

/**
 * Reads how long a vendor asks to wait, in milliseconds: `retry-after-ms`, or `retry-after`. Undefined when the headers are
 * missing or invalid.
 */
export const readRetryAfter = (headers: Headers, now: number): number | undefined =>
  toWait(headers.get("retry-after-ms")) ?? parseRetryAfter(headers.get("retry-after"), now)
