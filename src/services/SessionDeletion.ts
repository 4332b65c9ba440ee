import type { SessionEvent } from "../domain/SessionEvent.js"

/**
 * What is kept of a session that was deleted until hooks have been told: the event itself.
 */
export type SessionDeletion = Extract<SessionEvent, { readonly _tag: "SessionDeleted" }>
