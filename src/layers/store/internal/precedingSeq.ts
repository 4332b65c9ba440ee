import type { Message } from "../../../domain/Message.js"
import type { SessionId } from "../../../domain/SessionId.js"

/**
 * The `seq` that a history must end with for these messages to go on with it; `undefined` when there are none. Throws when
 * they are not of one session or leave a gap: the owner has lost count.
 */
export const precedingSeq = (sessionId: SessionId, messages: ReadonlyArray<Message>): number | undefined => {
  const first = messages[0]
  if (first === undefined) return undefined
  messages.forEach((message, index) => {
    if (message.sessionId !== sessionId || message.seq !== first.seq + index) {
      throw new Error(`The messages of a commit to session "${sessionId}" are not consecutive messages of it`)
    }
  })
  return first.seq - 1
}
