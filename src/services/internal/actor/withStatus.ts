import type * as DateTime from "effect/DateTime"
import type { SessionStatus } from "../../../domain/SessionStatus.js"
import type { EventBody } from "./EventBody.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * The session in another status. To rest or to wake is not worth telling.
 */
export const withStatus = (state: SessionState, status: SessionStatus, now: DateTime.Utc): Transition =>
  withEvents(
    { changes: { status }, next: { ...state, session: { ...state.session, status } } },
    now,
    status === "archived" ? [{ _tag: "SessionArchived" } satisfies EventBody] : []
  )
