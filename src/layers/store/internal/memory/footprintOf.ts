import type { SessionFootprint } from "../../../../services/SessionFootprint.js"
import type { MemorySession } from "./MemorySession.js"

/**
 * What goes with a session, and what stays, among all sessions there are.
 */
export const footprintOf = (session: MemorySession, sessions: Iterable<MemorySession>): SessionFootprint => {
  const others = Array.from(sessions).filter((other) => other !== session)
  const own = others.filter(({ info }) => info.userId === session.info.userId)
  let messages = 0
  let sharedMessages = 0
  for (const message of session.history.messages) {
    const shares = ({ history }: MemorySession) => history.holds(message)
    if (!others.some(shares)) messages += 1
    else if (!own.some(shares)) sharedMessages += 1
  }
  return { messages, sharedMessages, turns: session.turns.size }
}
