import * as Schema from "effect/Schema"
import { SessionEvent } from "../domain/SessionEvent.js"

/**
 * What is kept of a session that was deleted until hooks have been told: the event itself.
 */
export const SessionDeletion = SessionEvent.pipe(
  Schema.filter((event): event is Extract<SessionEvent, { readonly _tag: "SessionDeleted" }> =>
    event._tag === "SessionDeleted"
  )
)
export type SessionDeletion = typeof SessionDeletion.Type
