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
 * Takes messages through the middleware, each stage in the same order: what depends on another comes after it, and then
 * the higher priority comes first, and then what was registered first.
 *
 * Nothing that a middleware does goes further than its policy says. It gets frozen values, and its answer is checked: a
 * prompt has 1 to 64 parts, a message or a reply keeps to 64 parts and to the limits of `Part`, a request keeps its session,
 * its turn and its messages' session, and gains at most 64 messages. What an observer answers at `turn` or
 * `reply` is not taken.
 */
export class MiddlewarePipeline
  extends Context.Tag("langswarm-session/services/MiddlewarePipeline")<MiddlewarePipeline, {
    readonly admission: (
      prompt: Prompt,
      context: MiddlewareContext,
      onSkip?: OnSkip
    ) => Effect.Effect<Prompt, MiddlewareError>

    /**
     * The middleware of a turn that starts: who is for it is asked here, once. Neither what is added later nor what is
     * removed changes it, so that a reply never streams past a filter that it is then given to.
     */
    readonly begin: (context: MiddlewareContext) => TurnMiddleware

    /** Tells those that `Middleware.ended` speaks of, or is none when there is nobody to tell. */
    readonly ended: (turn: Turn | undefined, context: MiddlewareContext) => Option.Option<Effect.Effect<void>>

    /**
     * Adds a middleware until the scope closes, for all sessions, or for one until that is deleted. Fails on a taken name, an
     * unknown dependency or a cycle in what such a session sees. When one that others depend on goes, they stay and run
     * without it, with a warning.
     */
    readonly add: (
      middleware: Middleware,
      of?: { readonly session?: SessionId }
    ) => Effect.Effect<void, ConfigurationError, Scope.Scope>

    /** Takes out one that was added for all sessions, or for this one. Answers whether there was one of that name. */
    readonly remove: (name: string, of?: { readonly session?: SessionId }) => Effect.Effect<boolean>

    /** Takes out all that was added for a session alone. */
    readonly forget: (session: SessionId) => void

    /** The names of those for all sessions, in the order they run. */
    readonly list: Effect.Effect<ReadonlyArray<string>>

    /** The same, with those that were added for this session alone. */
    readonly listFor: (session: SessionId) => Effect.Effect<ReadonlyArray<string>>
  }>()
{
  /** Starts with the given middleware, in whatever order they are given. Fails like `add`, with all problems at once. */
  static readonly layer = (
    ...middlewares: ReadonlyArray<Middleware>
  ): Layer.Layer<MiddlewarePipeline, ConfigurationError> =>
    Layer.effect(MiddlewarePipeline, makeMiddlewarePipeline(middlewares))
}
