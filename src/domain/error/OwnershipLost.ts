import * as Schema from "effect/Schema"
import { Epoch } from "../Epoch.js"
import { SessionId } from "../SessionId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * Another owner opened the session meanwhile, so this one may no longer write.
 */
export class OwnershipLost extends Schema.TaggedError<OwnershipLost>()("OwnershipLost", {
  ...errorFields("ownership_lost"),
  sessionId: SessionId,
  epoch: Epoch
}) {
  override get message(): string {
    return `Ownership ${this.epoch} of session "${this.sessionId}" was taken over by a later one`
  }
}
