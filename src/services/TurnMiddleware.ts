import type * as Effect from "effect/Effect"
import type { MiddlewareError } from "../domain/error/MiddlewareError.js"
import type { MiddlewareContext } from "./Middleware.js"
import type { OnSkip } from "./OnSkip.js"
import type { ProviderRequest } from "./ProviderRequest.js"
import type { Reply } from "./Reply.js"

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
