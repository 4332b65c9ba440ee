import * as Either from "effect/Either"
import type { Epoch } from "../../../../domain/Epoch.js"
import { OwnershipLost } from "../../../../domain/error/OwnershipLost.js"
import { SessionNotFound } from "../../../../domain/error/SessionNotFound.js"
import type { SessionId } from "../../../../domain/SessionId.js"
import type { Statements } from "./prepareStatements.js"

/**
 * Why a commit was not let through. Throws when its owner has lost count.
 */
export const refuseCommit = (on: Statements, id: SessionId, epoch: Epoch) => {
  const session = on.session.get(id)
  if (session === undefined) return Either.left(new SessionNotFound({ sessionId: id }))
  if (session.owner_epoch !== epoch) return Either.left(new OwnershipLost({ sessionId: id, epoch }))
  throw new Error(`A commit to session "${id}" does not go on where its messages and its events end`)
}
