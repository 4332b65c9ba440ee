import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { MiddlewareError } from "../domain/error/MiddlewareError.js"
import type { Prompt } from "../domain/Turn.js"
import type { Middleware, MiddlewareContext } from "./Middleware.js"
import type { ProviderRequest } from "./ProviderRequest.js"
import type { Reply } from "./Reply.js"

/**
 * Takes messages through the middleware, each stage in the same order: what depends on another comes after it, and then
 * the higher priority comes first.
 */
export class MiddlewarePipeline
  extends Context.Tag("langswarm-session/services/MiddlewarePipeline")<MiddlewarePipeline, {
    readonly admission: (prompt: Prompt, context: MiddlewareContext) => Effect.Effect<Prompt, MiddlewareError>
    readonly turn: (
      request: ProviderRequest,
      context: MiddlewareContext
    ) => Effect.Effect<ProviderRequest, MiddlewareError>
    readonly reply: (reply: Reply, context: MiddlewareContext) => Effect.Effect<Reply, MiddlewareError>

    /** Whether a reply may be shown while it arrives: no middleware that may change it applies. */
    readonly mayStream: (context: MiddlewareContext) => boolean

    /** Adds a middleware until the scope closes. Fails on a taken name, an unknown dependency or a cycle. */
    readonly add: (middleware: Middleware) => Effect.Effect<void, ConfigurationError, Scope.Scope>

    /** The names, in the order they run. */
    readonly list: Effect.Effect<ReadonlyArray<string>>
  }>()
{}
