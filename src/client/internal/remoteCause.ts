import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Socket from "@effect/platform/Socket"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import { RpcSerializationError } from "@effect/rpc/RpcSerialization"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { Disconnected, InternalError, InvalidRequest } from "../../domain/error/RequestError.js"
import { AccessError } from "../../domain/error/SessionError.js"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"
import { tryAgainLater } from "./webSocketProtocol.js"

/**
 * Translates the cause of a failed call to `url`: a transport failure becomes `Disconnected`, a call that is too large becomes
 * `InvalidRequest`, and a defect of the server stays a defect.
 */
export const remoteCause = (url: string) => <E>(cause: Cause.Cause<E | RpcClientError>) =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail: (error): Cause.Cause<E | AccessError> =>
      error instanceof RpcClientError ? fromTransport(url, error.cause) : Cause.fail(error),
    onDie: fromDefect,
    onInterrupt: Cause.interrupt,
    onSequential: Cause.sequential,
    onParallel: Cause.parallel
  })

const failed = (reason: string, sent: boolean) => Cause.fail(new Disconnected({ reason, sent }))

const fromTransport = (url: string, cause: unknown): Cause.Cause<AccessError> => {
  const answer = decodeAnswer(cause)
  if (Option.isSome(answer)) return toCause(answer.value)
  if (HttpClientError.isHttpClientError(cause)) {
    return cause._tag === "RequestError"
      ? failed(`no connection to ${url} could be made`, !isRefused(cause.cause))
      : failed(`the response from ${url} broke off`, true)
  }
  if (!Socket.isSocketError(cause)) return failed(`${url} did not answer as a session server does`, true)
  switch (cause.reason) {
    case "Open":
      return failed(`no connection to ${url} could be made`, false)
    case "OpenTimeout":
      return failed(`${url} did not answer in time`, false)
    case "Close":
      return cause.code === tryAgainLater
        ? failed(`${url} is busy, or could not send its answers, and closed the connection`, true)
        : failed(`the connection to ${url} broke off`, true)
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

const fromDefect = (defect: unknown): Cause.Cause<AccessError> =>
  defect instanceof RpcSerializationError
    ? Cause.fail(tooLarge)
    : Option.match(decodeAnswer(defect instanceof Error ? defect.cause : undefined), {
      onNone: () => Cause.die(defect),
      onSome: toCause
    })

const toCause = (answer: AccessError | InternalError): Cause.Cause<AccessError> =>
  answer._tag === "InternalError" ? Cause.die(answer) : Cause.fail(answer)

/** What the server has sent in place of a response, or the transport has found out. */
const decodeAnswer = Schema.decodeUnknownOption(Schema.Union(AccessError, InternalError))

const tooLarge = new InvalidRequest({ path: [], reason: `is larger than ${SessionRpcs.maxRequestBytes} bytes` })
