import * as Schema from "effect/Schema"
import type { MiddlewareError } from "../../../domain/error/MiddlewareError.js"
import type { OwnershipLost } from "../../../domain/error/OwnershipLost.js"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import type { StoreError } from "../../../domain/error/StoreError.js"

/**
 * A step on the way of a turn at which a test may break it, in the order they are passed.
 *
 * - `inAdmission`: admission middleware is through, nothing is stored.
 * - `beforeAccept`, `afterAccept`: around the commit that first stores the turn.
 * - `inTurnMiddleware`: turn middleware is through.
 * - `beforeCall`, `afterIntent`: around the commit that says that the provider may have been called, which is before it is.
 *   Without turn middleware it may be the one that accepts, and turn middleware comes after it.
 * - `midStream`: between two events of the reply.
 * - `beforeEnd`, `afterEnd`: around the commit that ends the turn.
 * - `inHook`: a hook is being told of an event.
 * - `inRecovery`: an owner has read that an earlier one left turns open, and before and after each commit to one of those.
 * - `inDrain`: the host is told to stop, and before each commit from then on.
 */
export const Failpoint = Schema.Literal(
  "inAdmission",
  "beforeAccept",
  "afterAccept",
  "inTurnMiddleware",
  "beforeCall",
  "afterIntent",
  "midStream",
  "beforeEnd",
  "afterEnd",
  "inHook",
  "inRecovery",
  "inDrain"
)
export type Failpoint = typeof Failpoint.Type

type CommitError = OwnershipLost | StoreError

/**
 * What a step may be made to fail with. An error after a commit is one that lies: the commit has happened.
 */
export interface FailpointErrors extends Record<Failpoint, unknown> {
  readonly inAdmission: MiddlewareError
  readonly beforeAccept: CommitError
  readonly afterAccept: CommitError
  readonly beforeCall: CommitError
  readonly afterIntent: CommitError
  readonly inTurnMiddleware: MiddlewareError
  readonly midStream: ProviderError
  readonly beforeEnd: CommitError
  readonly afterEnd: CommitError
  readonly inHook: Error
  readonly inRecovery: StoreError
  readonly inDrain: StoreError
}
