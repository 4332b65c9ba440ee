import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { MiddlewareError } from "../domain/error/TurnError.js"
import type { SessionId } from "../domain/Ids.js"
import type { Prompt, Turn } from "../domain/Turn.js"
import { makeMiddlewarePipeline } from "./internal/middlewarePipeline.js"
import type { Middleware, MiddlewareContext, OnSkip, TurnMiddleware } from "./Middleware.js"

/**
 * Passes messages through the registered middleware. Every stage uses the same order: dependencies first, then higher
 * priority, then earlier registration.
 *
 * Stages receive frozen values. What they return is validated and replaces the input:
 * - a prompt has 1 to 64 parts
 * - a message or reply has at most 64 parts, each within the limits of `Part`
 * - a request keeps its session, turn and the session of its messages, and gains at most 64 messages
 *
 * What an observer returns from `turn` or `reply` is ignored.
 */
export class MiddlewarePipeline
  extends Context.Tag("langswarm-session/services/MiddlewarePipeline")<MiddlewarePipeline, {
    /** Runs the `admission` stage. Fails with `MiddlewareError` when a required middleware fails. */
    readonly admission: (
      prompt: Prompt,
      context: MiddlewareContext,
      onSkip?: OnSkip
    ) => Effect.Effect<Prompt, MiddlewareError>

    /**
     * Selects the middleware of a turn that starts, by their conditions. The selection is fixed for that turn, so that a reply
     * never streams past a filter that it later has to pass.
     */
    readonly begin: (context: MiddlewareContext) => TurnMiddleware

    /** Runs `Middleware.ended` where it applies. None when there is nothing to run. */
    readonly ended: (turn: Turn | undefined, context: MiddlewareContext) => Option.Option<Effect.Effect<void>>

    /**
     * Adds a middleware until the scope closes: for all sessions, or for one session until that is deleted. Fails with
     * `ConfigurationError` when its name is taken, a dependency is missing, or dependencies form a cycle. When a middleware that
     * others depend on is removed, they keep running without it, and a warning is logged.
     */
    readonly add: (
      middleware: Middleware,
      of?: { readonly session?: SessionId }
    ) => Effect.Effect<void, ConfigurationError, Scope.Scope>

    /**
     * Removes a middleware that was added for all sessions, or for this one. Returns whether there was one of that name.
     */
    readonly remove: (name: string, of?: { readonly session?: SessionId }) => Effect.Effect<boolean>

    /** Removes all middleware that was added for this session alone. */
    readonly forget: (session: SessionId) => void

    /** Names of the middleware for all sessions, in the order they run. */
    readonly list: Effect.Effect<ReadonlyArray<string>>

    /** Names of the middleware that one session passes, its own included, in the order they run. */
    readonly listFor: (session: SessionId) => Effect.Effect<ReadonlyArray<string>>
  }>()
{
  /**
   * A pipeline with the given middleware, in any order. Fails with a `ConfigurationError` that lists all problems, as `add`
   * does.
   */
  static readonly layer = (
    ...middlewares: ReadonlyArray<Middleware>
  ): Layer.Layer<MiddlewarePipeline, ConfigurationError> =>
    Layer.effect(MiddlewarePipeline, makeMiddlewarePipeline(middlewares))
}
