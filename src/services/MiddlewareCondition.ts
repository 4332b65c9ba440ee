import type { MiddlewareContext } from "./Middleware.js"

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
