import type * as Effect from "effect/Effect"
import type { SessionId } from "../../domain/SessionId.js"

/**
 * Stores a session, and has hooks told of it if there are any: `delivered` is what the store is to say of that.
 */
export type AddSession = <A, E>(
  id: SessionId,
  add: (delivered: 0 | 1) => Effect.Effect<A, E>
) => Effect.Effect<A, E>
