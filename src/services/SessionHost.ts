import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { ChangeError } from "../domain/error/SessionError.js"
import type { SessionId } from "../domain/Ids.js"
import type { SessionCommands } from "./SessionOperations.js"
import type { ErasedSession, ExpiringSession } from "./SessionStore.js"

/**
 * Where actors live: routes each command to the session's one actor, and starts that actor if it is not running.
 */
export class SessionHost
  extends Context.Tag("langswarm-session/services/SessionHost")<SessionHost, SessionHostService>()
{}

/**
 * The commands of sessions, and what a manager needs for sessions as a whole.
 */
export interface SessionHostService extends SessionCommands {
  /** Notifies hooks of a session that has just been stored. Returns at once. */
  readonly activate: (id: SessionId) => Effect.Effect<void>

  /** Deletes a session, even one that failed permanently, and returns what was deleted with it. */
  readonly erase: (id: SessionId) => Effect.Effect<ErasedSession, ChangeError>

  /** Archives or deletes a session unless it was active at or after `before`. Returns whether it did. */
  readonly expire: (
    id: SessionId,
    action: ExpiringSession["action"],
    before: DateTime.Utc
  ) => Effect.Effect<boolean, ChangeError>

  /** How many sessions have an actor now, how many of their turns have not ended, and whether the host takes no more. */
  readonly stats: Effect.Effect<{
    readonly activeSessions: number
    readonly openTurns: number
    readonly isClosing: boolean
  }>
}
