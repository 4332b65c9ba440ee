import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Session } from "./Session.js"

/**
 * Uses a session, and archives it when that fails or dies, so that nobody goes on with it; the failure goes on as it is.
 * An interruption says nothing of the session and leaves it as it is. A session that cannot be archived is logged.
 */
export const withSession = <A, E, R>(
  session: Session,
  use: (session: Session) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.tapErrorCause(Effect.suspend(() => use(session)), (cause) =>
    Cause.isInterrupted(cause)
      ? Effect.void
      : Effect.catchAllCause(session.archive, (cause) =>
        Effect.annotateLogs(Effect.logWarning("A session that failed could not be archived", cause), {
          sessionId: session.id
        })))
