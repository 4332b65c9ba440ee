import * as Predicate from "effect/Predicate"
import { isIdentifier } from "./isIdentifier.js"

/**
 * What is of use in what an SDK has thrown. The words are identifiers, and nothing else.
 */
export interface VendorFailure {
  readonly status?: number
  readonly headers?: Headers
  readonly requestId?: string
  readonly type?: string
  readonly code?: string
  /** The field of the request that it is about. */
  readonly param?: string
  /** Its message says that the request is longer than the model can take, which no identifier tells. */
  readonly tooLong: boolean
  /** Its message says that the account has no credit or no allowance left, in a plain `invalid_request_error`. */
  readonly usedUp: boolean
}

const leadingPath = /^([a-z_]+(?:\.[a-z0-9_]+)*): /
const tooLong =
  /prompt is too long|maximum context length|exceeds? the (?:maximum )?context|input length and `max_tokens`/i
const usedUp = /^Your credit balance is too low|^You have reached your specified (?:workspace )?API usage limits/i

export const vendorFailureOf = (thrown: unknown): VendorFailure => {
  const own = Predicate.isRecord(thrown) ? thrown : {}
  // One vendor's body is the error, the other's has it in a field of that name.
  const body = Predicate.isRecord(own["error"]) ? own["error"] : {}
  const error = Predicate.isRecord(body["error"]) ? body["error"] : body
  const message = typeof error["message"] === "string" ? error["message"] : ""
  const details = Predicate.isRecord(error["details"]) ? error["details"] : {}
  const pick = (name: string) => [own[name], error[name]].find(isIdentifier)
  const param = pick("param") ?? leadingPath.exec(message)?.[1]
  const type = pick("type")
  const code = pick("code") ?? [details["error_code"]].find(isIdentifier)
  // A gateway that fails in the middle of a stream may say the status that it would have answered with.
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
