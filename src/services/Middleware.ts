import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { MiddlewareError } from "../domain/error/MiddlewareError.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { Prompt } from "../domain/Turn.js"
import type { MiddlewareRefusal } from "./MiddlewareRefusal.js"
import type { ProviderRequest } from "./ProviderRequest.js"
import type { Reply } from "./Reply.js"

/**
 * What a middleware is told about the session.
 */
export interface MiddlewareContext {
  readonly session: SessionInfo
  readonly context: SessionContext
}

/**
 * A step on a message's way. It gets values that it must not change and answers with new ones. Each stage is optional.
 *
 * A failure fails the turn: until `admission` is through nothing is stored, and until `reply` is through nothing is shown,
 * not even a delta.
 */
export interface Middleware {
  /** Unique within a pipeline. */
  readonly name: string
  /** Higher runs first. 0 unless told. */
  readonly priority?: number
  /** Names of those that must have run before, whatever the priorities. */
  readonly dependsOn?: ReadonlyArray<string>
  /** Runs for the sessions this holds for; for all unless told. */
  readonly when?: (context: MiddlewareContext) => boolean
  /** `required`, unless told: a failure, a defect or a timeout ends the turn. `optional`: it is skipped, with a warning. */
  readonly policy?: "required" | "optional"
  /** 2 seconds unless told. */
  readonly timeout?: Duration.DurationInput
  /**
   * Its `turn` and `reply` stages only look and never change: the reply may stream past it, and the provider may hold the
   * conversation. Its `turn` may then run once the question is in the history. False unless told.
   */
  readonly observer?: boolean
  /** Told of each failure, whatever the policy. */
  readonly onError?: (error: MiddlewareError, context: MiddlewareContext) => Effect.Effect<void>

  /** Before anything is stored: redact, validate, refuse. */
  readonly admission?: (prompt: Prompt, context: MiddlewareContext) => Effect.Effect<Prompt, MiddlewareRefusal>
  /** After the question is stored: changes only what the provider sees. */
  readonly turn?: (
    request: ProviderRequest,
    context: MiddlewareContext
  ) => Effect.Effect<ProviderRequest, MiddlewareRefusal>
  /** Before the reply is stored and shown. Deltas are held back until it is through, so a reply streams no more. */
  readonly reply?: (reply: Reply, context: MiddlewareContext) => Effect.Effect<Reply, MiddlewareRefusal>
}
