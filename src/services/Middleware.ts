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
 * A middleware refuses what it was given. The sender is shown `reason`, up to 1,000 characters.
 */
export class MiddlewareRefusal extends Data.TaggedError("MiddlewareRefusal")<{
  readonly reason: string
  /** Whole milliseconds after which the same may be let through, if that is known. */
  readonly retryAfterMs?: number
}> {}

/**
 * What a middleware is told about the session.
 */
export interface MiddlewareContext {
  readonly session: SessionInfo
  readonly context: SessionContext
  /**
   * The turn; at `admission` the one that the send is to become, or the waiting one that is edited. Absent for a system
   * message, which belongs to no turn.
   */
  readonly turnId?: TurnId
}

/**
 * Which sessions a middleware is for. All that is given must hold; of a list, one must match. An empty list matches nothing.
 */
export interface MiddlewareCondition {
  /** `type` in the context's `user` scope. */
  readonly userType?: string | ReadonlyArray<string>
  /** The session's own provider, also while another stands in for it. */
  readonly provider?: string | ReadonlyArray<string>
  readonly model?: string | ReadonlyArray<string>
  /** The session has this tag, or one of these. */
  readonly tags?: string | ReadonlyArray<string>
  /** Anything else. */
  readonly predicate?: (context: MiddlewareContext) => boolean
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
  /**
   * Runs for the sessions this holds for; for all unless told. Asked once at admission, and once when the turn starts for
   * all that comes after.
   */
  readonly when?: MiddlewareCondition | ((context: MiddlewareContext) => boolean)
  /**
   * `required`, unless told: a failure, a defect or a timeout ends the turn. `optional`: it is skipped, with a warning and a
   * `MiddlewareSkipped` among the turn's events.
   */
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

  /**
   * Settles what `admission` has reserved for the turn of `context.turnId`. Told once, after the turn's terminal record is
   * stored, whatever ended it: it may have been dropped before it started, or answered with the turn it was steered into.
   *
   * `turn` is undefined when the send has become no turn: this middleware was asked at `admission`, but then it or another
   * refused, the turn could not be stored, or the send turned out to be known. Also when the session was deleted or went to
   * another process with the turn unended.
   *
   * Told are those that were asked at `admission` of the turn in this process, whatever their conditions say since; those
   * without an `admission` stage count as asked. Those that had not done with an edit as its turn ended are told of that edit
   * too: that it became none. A turn that an earlier process admitted is told to those it is for when
   * it ends, which know nothing of it. Where the store could not say whether it stored a turn, both may be told, first that
   * there is none. The turn is over: nothing waits for this, and a failure is logged and goes no further.
   */
  readonly ended?: (turn: Turn | undefined, context: MiddlewareContext) => Effect.Effect<void>
}

/**
 * Told of each optional middleware that was skipped. May neither wait nor throw.
 */
export type OnSkip = (skipped: MiddlewareSkipped) => void

/**
 * The middleware of one turn, as it was when the turn started: what is added or removed since is for the next one.
 */
export interface TurnMiddleware {
  readonly turn: (
    request: ProviderRequest,
    context: MiddlewareContext,
    onSkip?: OnSkip
  ) => Effect.Effect<ProviderRequest, MiddlewareError>
  readonly reply: (reply: Reply, context: MiddlewareContext, onSkip?: OnSkip) => Effect.Effect<Reply, MiddlewareError>

  /** Whether any middleware may change what the provider is asked. */
  readonly hasTurnStage: boolean

  /** Whether the reply may be shown while it arrives: no middleware may change it. */
  readonly mayStream: boolean
}
