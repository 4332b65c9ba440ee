import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { SessionId } from "../Ids.js"
import { JsonRecord } from "../Json.js"
import { toInputProblem } from "./parseIssue.js"

/**
 * The fields of every error besides its tag: a stable `code` for programs in other languages, the session if there is one, and
 * further details.
 */
export const errorFields = <Code extends string>(code: Code) => ({
  code: Schema.tag(code),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  context: Schema.optionalWith(JsonRecord, { exact: true })
})

/**
 * The configuration is invalid. `problems` lists everything to change.
 */
export class ConfigurationError extends Schema.TaggedError<ConfigurationError>()("ConfigurationError", {
  ...errorFields("configuration"),
  problems: Schema.NonEmptyArray(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("; ")
  }
}

/**
 * The connection to the server failed. If the call was `sent`, it is unknown whether the server executed it.
 */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", {
  ...errorFields("disconnected"),
  reason: Schema.String,
  /** Whether the call may have reached the server. */
  sent: Schema.Boolean
}) {
  override get message(): string {
    return `The server cannot be reached: ${this.reason}`
  }
}

/**
 * A defect of the server. The details are in the server's log, under `correlationId`.
 */
export class InternalError extends Schema.TaggedError<InternalError>()("InternalError", {
  ...errorFields("internal"),
  correlationId: Schema.String
}) {
  override get message(): string {
    return `The server failed; see ${this.correlationId} in its log`
  }
}

const maxReasonLength = 300

/**
 * The input is malformed. `path` leads to the wrong field. The value of the field is never repeated.
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  ...errorFields("invalid_request"),
  path: Schema.Array(Schema.String),
  reason: Schema.String
}) {
  override get message(): string {
    return this.path.length === 0 ? `The request ${this.reason}` : `"${this.path.join(".")}" ${this.reason}`
  }

  /**
   * Reports the first field that a schema refuses. `argument` is the name of the argument that was decoded; the path starts with it.
   */
  static readonly fromParseError = (error: ParseResult.ParseError, argument?: string): InvalidRequest => {
    const { path, reason } = toInputProblem(error.issue)
    return new InvalidRequest({
      path: argument === undefined ? path : [argument, ...path],
      reason: reason.slice(0, maxReasonLength)
    })
  }
}

/**
 * The server has no room for the call now: `reason` names the limit. Nothing was done; call again after `retryAfterMs` milliseconds.
 */
export class ServerBusy extends Schema.TaggedError<ServerBusy>()("ServerBusy", {
  ...errorFields("server_busy"),
  reason: Schema.String,
  retryAfterMs: Schema.NonNegativeInt
}) {
  override get message(): string {
    return `The server is busy: ${this.reason}; try again in ${this.retryAfterMs} ms`
  }
}

/**
 * The runtime is stopping and starts no new turns. Nothing was stored; send again later.
 */
export class ShuttingDown extends Schema.TaggedError<ShuttingDown>()("ShuttingDown", {
  ...errorFields("shutting_down")
}) {
  override get message(): string {
    return "The runtime is shutting down; send again once it is back"
  }
}

/**
 * The call has no valid token.
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  ...errorFields("unauthorized")
}) {
  override get message(): string {
    return "The token is missing or wrong; pass the one the server was started with"
  }
}
