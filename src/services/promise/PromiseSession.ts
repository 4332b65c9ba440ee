import type { Session } from "../Session.js"
import type { Promised } from "./Promised.js"

/**
 * `Session` for those who do not write Effect: each effect is a function that returns a promise, and each stream an async
 * iterable. A promise that rejects does so with the error itself.
 */
export interface PromiseSession extends Promised<Session> {}
