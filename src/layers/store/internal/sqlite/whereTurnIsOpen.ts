import { codes } from "./codes.js"

/**
 * The condition of the index `turns_open`, word for word, as SQLite wants it.
 */
export const whereTurnIsOpen = `turns.status IN (${codes.turnStatus.accepted}, ${codes.turnStatus.calling})`
