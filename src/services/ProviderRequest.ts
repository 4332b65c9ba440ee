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
  /**
   * The latest part of the history, oldest first; the last message is the one to answer. It holds no part that the
   * provider does not take, no opaque part of another provider, and no tool call without its result.
   */
  readonly messages: ReadonlyArray<Message>
  readonly context: SessionContext
  /**
   * Present when the provider may hold the conversation itself. With `known` it has a copy already: all up to the message
   * with this `seq`. Absent: everything is in `messages`, and no copy is to be kept.
   */
  readonly hold?: { readonly known?: { readonly cursor: string; readonly seq: number } }
}
