import * as Effect from "effect/Effect"
import type { SessionError } from "../../../domain/error/SessionError.js"
import type { SessionId } from "../../../domain/SessionId.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import type { SessionStore } from "../../../services/SessionStore.js"

/**
 * One thing that a store keeps when it outlives the process: run `write`, close the store, open it again, and run `read`
 * with the session that `write` answered.
 */
export interface SurvivalCase {
  readonly name: string
  readonly write: Effect.Effect<SessionId, SessionError, SessionStore>
  readonly read: (id: SessionId) => Effect.Effect<void, SessionError, SessionStore>
}

export const survivalCase = (
  name: string,
  write: Effect.Effect<SessionId, SessionError, IdGenerator | SessionStore>,
  read: SurvivalCase["read"]
): SurvivalCase => ({ name, write: Effect.provide(write, IdGenerator.layer), read })
