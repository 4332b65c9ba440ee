import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { MiddlewareError } from "../domain/error/TurnError.js"
import type { TurnId } from "../domain/Ids.js"
import type { SessionInfo } from "../domain/Session.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { MiddlewareSkipped, Prompt, Turn } from "../domain/Turn.js"
import type { ProviderRequest, Reply } from "./Provider.js"

/**
 * A step that messages pass on their way to a provider and back. Each stage is optional. A stage receives a frozen value and
 * returns a new one.
 *
 * A failed stage fails the turn. Nothing is stored until `admission` succeeds, and nothing is shown, deltas included, until
 * `reply` succeeds.
 */
export interface Middleware {
  /** Unique within a pipeline. */
  readonly name: string
  /** Higher runs first. Default: 0. */
  readonly priority?: number
  /** Names of middleware that must run before this one, whatever the priorities. */
  readonly dependsOn?: ReadonlyArray<string>
  /**
   * The sessions this runs for. Default: all. Evaluated once at admission, and once when the turn starts for all later
   * stages.
   */
  readonly when?: MiddlewareCondition | ((context: MiddlewareContext) => boolean)
  /**
   * `required`: a failure, a defect or a timeout ends the turn. `optional`: the middleware is skipped, with a warning in the
   * log and a `MiddlewareSkipped` notice among the turn's events. Default: `required`.
   */
  readonly policy?: "required" | "optional"
  /** Time limit for one call of a stage. Default: 2 seconds. */
  readonly timeout?: Duration.DurationInput
  /**
   * The `turn` and `reply` stages only observe: their return values are ignored, so replies still stream and a provider may
   * still hold the conversation. `turn` may then run after the question is in the history. Default: false.
   */
  readonly observer?: boolean
  /** Called with each failure, whatever the policy. */
  readonly onError?: (error: MiddlewareError, context: MiddlewareContext) => Effect.Effect<void>

  /** Runs before anything is stored: redact, validate, refuse. */
  readonly admission?: (prompt: Prompt, context: MiddlewareContext) => Effect.Effect<Prompt, MiddlewareRefusal>
  /** Runs after the question is stored. Changes only what the provider receives. */
  readonly turn?: (
    request: ProviderRequest,
    context: MiddlewareContext
  ) => Effect.Effect<ProviderRequest, MiddlewareRefusal>
  /** Runs before the reply is stored and shown. Unless this is an observer, deltas are held back until it succeeds. */
  readonly reply?: (reply: Reply, context: MiddlewareContext) => Effect.Effect<Reply, MiddlewareRefusal>

  /**
   * Settles what `admission` reserved for the turn `context.turnId`. Called once, after the turn's terminal record is stored,
   * however the turn ended. A turn may end before it starts (dropped), or with the turn it was steered into.
   *
   * `turn` is undefined when no turn came of the send: a middleware refused it, the turn could not be stored, or its
   * idempotency key was already known. It is also undefined when the session was deleted, or moved to another process, before
   * the turn ended.
   *
   * It is called for the middleware whose `admission` ran for this turn in this process, even if its condition no longer holds
   * or it has been removed. Middleware without an `admission` stage counts as having run. Three special cases:
   * - If an edit of the turn is still in `admission` when the turn ends, it is called again for the edit, without a turn.
   * - For a turn that an earlier process admitted, it is called on all middleware whose condition holds.
   * - If the store cannot tell whether it stored a turn, it may be called twice, first without a turn.
   *
   * Nothing waits for it, and a failure is only logged.
   */
  readonly ended?: (turn: Turn | undefined, context: MiddlewareContext) => Effect.Effect<void>
}

/**
 * Refuses a message. The sender sees `reason`, up to 1,000 characters.
 */
export class MiddlewareRefusal extends Data.TaggedError("MiddlewareRefusal")<{
  readonly reason: string
  /** Whole milliseconds until the same message may pass, if known. */
  readonly retryAfterMs?: number
}> {}

/**
 * The session and turn that a stage runs for.
 */
export interface MiddlewareContext {
  readonly session: SessionInfo
  readonly context: SessionContext
  /**
   * At `admission`, the turn that the send will become, or the waiting turn that is edited. Absent for a system message,
   * which belongs to no turn.
   */
  readonly turnId?: TurnId
}

/**
 * The sessions a middleware runs for. All given fields must match. A list matches if one of its items does; an empty list
 * matches nothing.
 */
export interface MiddlewareCondition {
  /** `type` in the context's `user` scope. */
  readonly userType?: string | ReadonlyArray<string>
  /** The session's own provider, even while a fallback stands in for it. */
  readonly provider?: string | ReadonlyArray<string>
  readonly model?: string | ReadonlyArray<string>
  /** Matches a session with at least one of these tags. */
  readonly tags?: string | ReadonlyArray<string>
  readonly predicate?: (context: MiddlewareContext) => boolean
}

/**
 * Called for each optional middleware that is skipped. Must neither wait nor throw.
 */
export type OnSkip = (skipped: MiddlewareSkipped) => void

/**
 * The middleware of one turn, fixed when the turn starts. Later additions and removals apply to the next turn.
 */
export interface TurnMiddleware {
  readonly turn: (
    request: ProviderRequest,
    context: MiddlewareContext,
    onSkip?: OnSkip
  ) => Effect.Effect<ProviderRequest, MiddlewareError>
  readonly reply: (reply: Reply, context: MiddlewareContext, onSkip?: OnSkip) => Effect.Effect<Reply, MiddlewareError>

  /** Whether any middleware may change the provider's request. */
  readonly hasTurnStage: boolean

  /** Whether the reply may be shown while it arrives, since no middleware may change it. */
  readonly mayStream: boolean
}
