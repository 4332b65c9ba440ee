import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { MiddlewareError } from "../domain/error/MiddlewareError.js"
import type { Prompt } from "../domain/Turn.js"
import { makeMiddlewarePipeline } from "./internal/middlewarePipeline.js"
import type { Middleware, MiddlewareContext } from "./Middleware.js"
import type { ProviderRequest } from "./ProviderRequest.js"
import type { Reply } from "./Reply.js"

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
    readonly admission: (prompt: Prompt, context: MiddlewareContext) => Effect.Effect<Prompt, MiddlewareError>
    readonly turn: (
      request: ProviderRequest,
      context: MiddlewareContext
    ) => Effect.Effect<ProviderRequest, MiddlewareError>
    readonly reply: (reply: Reply, context: MiddlewareContext) => Effect.Effect<Reply, MiddlewareError>

    /** Whether any middleware may change what the provider is asked. */
    readonly hasTurnStage: (context: MiddlewareContext) => boolean

    /** Whether a reply may be shown while it arrives: no middleware that may change it applies. */
    readonly mayStream: (context: MiddlewareContext) => boolean

    /**
     * Adds a middleware until the scope closes. Fails on a taken name, an unknown dependency or a cycle. When one that
     * others depend on goes, they stay and run without it, with a warning.
     */
    readonly add: (middleware: Middleware) => Effect.Effect<void, ConfigurationError, Scope.Scope>

    /** The names, in the order they run. */
    readonly list: Effect.Effect<ReadonlyArray<string>>
  }>()
{
  /** Starts with the given middleware, in whatever order they are given. Fails like `add`, with all problems at once. */
  static readonly layer = (
    ...middlewares: ReadonlyArray<Middleware>
  ): Layer.Layer<MiddlewarePipeline, ConfigurationError> =>
    Layer.effect(MiddlewarePipeline, makeMiddlewarePipeline(middlewares))
}
