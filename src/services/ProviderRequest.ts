import type { Message } from "../domain/Message.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionId } from "../domain/SessionId.js"
import type { TurnId } from "../domain/TurnId.js"

/**
 * One call of a provider. Turn middleware may change what it shows; what is stored stays as it is.
 */
export interface ProviderRequest {
  readonly sessionId: SessionId
  readonly turnId: TurnId
  /** The latest part of the history, oldest first; the last message is the one to answer. */
  readonly messages: ReadonlyArray<Message>
  readonly context: SessionContext
}
