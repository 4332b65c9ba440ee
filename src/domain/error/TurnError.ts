import * as Schema from "effect/Schema"
import { TurnId } from "../Ids.js"
import { ProviderError } from "./ProviderError.js"
import { ConfigurationError, errorFields } from "./RequestError.js"

/**
 * The turn exceeded its timeout. If it had started, its provider call was closed and the partial reply is kept.
 */
export class DeadlineExceeded extends Schema.TaggedError<DeadlineExceeded>()("DeadlineExceeded", {
  ...errorFields("deadline_exceeded"),
  turnId: TurnId
}) {
  override get message(): string {
    return `Turn "${this.turnId}" was not answered in time; send again with a longer timeout`
  }
}

/**
 * A required middleware failed, timed out or refused. Nothing unfiltered was stored or shown.
 */
export class MiddlewareError extends Schema.TaggedError<MiddlewareError>()("MiddlewareError", {
  ...errorFields("middleware"),
  middleware: Schema.String,
  stage: Schema.Literal("admission", "turn", "reply"),
  reason: Schema.String,
  /** Milliseconds after which the same send may be accepted, if the middleware set it. */
  retryAfterMs: Schema.optionalWith(Schema.NonNegativeInt, { exact: true })
}) {
  override get message(): string {
    return `Middleware "${this.middleware}" stopped the turn at ${this.stage}: ${this.reason}`
  }
}

/**
 * The turn ended because its process stopped. After an orderly shutdown, the partial reply is kept as a cut reply.
 */
export class TurnInterrupted extends Schema.TaggedError<TurnInterrupted>()("TurnInterrupted", {
  ...errorFields("turn_interrupted"),
  turnId: TurnId
}) {
  override get message(): string {
    return `Turn "${this.turnId}" was interrupted; send again if the reply is still needed`
  }
}

/**
 * The turn was stopped on request. The partial reply is kept as a cut reply unless `keepPartial` was false.
 */
export class TurnStopped extends Schema.TaggedError<TurnStopped>()("TurnStopped", {
  ...errorFields("turn_stopped"),
  turnId: TurnId
}) {
  override get message(): string {
    return `Turn "${this.turnId}" was stopped`
  }
}

/**
 * Why a turn ended without a reply.
 */
export const TurnError = Schema.Union(
  ConfigurationError,
  DeadlineExceeded,
  MiddlewareError,
  ProviderError,
  TurnInterrupted,
  TurnStopped
)
export type TurnError = typeof TurnError.Type
