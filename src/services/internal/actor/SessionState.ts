import type { SessionSnapshot } from "../../SessionSnapshot.js"

/**
 * What an actor knows of its session: the last committed state, never a guess. `window` holds the latest messages that a
 * provider may see, so that neither a turn nor an append reads the history.
 */
export type SessionState = Omit<SessionSnapshot, "openTurns">
