import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Socket from "@effect/platform/Socket"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import { RpcSerializationError } from "@effect/rpc/RpcSerialization"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { Disconnected, InternalError, InvalidRequest } from "../../domain/error/RequestError.js"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"

/**
 * Translates the cause of a failed call to `url`: a transport failure becomes `Disconnected`, a call that is too large becomes
 * `InvalidRequest`, and a defect of the server stays a defect.
 */
export const remoteCause = (url: string) => <E>(cause: Cause.Cause<E | RpcClientError>) =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail: (error): Cause.Cause<E | Disconnected | InvalidRequest> =>
      error instanceof RpcClientError ? Cause.fail(fromTransport(url, error.cause)) : Cause.fail(error),
    onDie: fromDefect,
    onInterrupt: Cause.interrupt,
    onSequential: Cause.sequential,
    onParallel: Cause.parallel
  })

const failed = (reason: string, sent: boolean) => new Disconnected({ reason, sent })

const fromTransport = (url: string, cause: unknown): Disconnected | InvalidRequest => {
  if (HttpClientError.isHttpClientError(cause)) {
    if (cause._tag === "RequestError") return failed(`no connection to ${url} could be made`, !isRefused(cause.cause))
    if (cause.reason !== "StatusCode") return failed(`the response from ${url} broke off`, true)
    const { status } = cause.response
    return status === 413
      ? tooLarge
      : failed(`${url} answered with HTTP ${status}, which a session server does not do`, false)
  }
  if (!Socket.isSocketError(cause)) return failed(`${url} did not answer as a session server does`, true)
  switch (cause.reason) {
    case "Open":
      return failed(`no connection to ${url} could be made`, false)
    case "OpenTimeout":
      return failed(`${url} did not answer in time`, false)
    default:
      return failed(`the connection to ${url} broke off`, true)
  }
}

const neverConnected = new Set(["EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND"])

/** Node tells why a request failed; a browser does not. */
const isRefused = (error: unknown): boolean =>
  Predicate.hasProperty(error, "code") && Predicate.isString(error.code)
    ? neverConnected.has(error.code)
    : Predicate.hasProperty(error, "cause") && isRefused(error.cause)

const fromDefect = (defect: unknown): Cause.Cause<InvalidRequest> => {
  if (defect instanceof RpcSerializationError) return Cause.fail(tooLarge)
  return Option.match(decodeAnswer(defect instanceof Error ? defect.cause : undefined), {
    onNone: () => Cause.die(defect),
    onSome: (answer) => (answer._tag === "InvalidRequest" ? Cause.fail(answer) : Cause.die(answer))
  })
}

const decodeAnswer = Schema.decodeUnknownOption(Schema.Union(InvalidRequest, InternalError))

const tooLarge = new InvalidRequest({ path: [], reason: `is larger than ${SessionRpcs.maxRequestBytes} bytes` })
