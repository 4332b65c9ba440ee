import * as Effect from "effect/Effect"
import type { CreateSession } from "../../../domain/CreateSession.js"
import type { SessionError } from "../../../domain/error/SessionError.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import type { Session } from "../../../services/Session.js"
import { SessionManager } from "../../../services/SessionManager.js"

/**
 * One thing that every manager does. It fails or dies when this one does not.
 */
export interface ContractCase {
  readonly name: string
  readonly run: Effect.Effect<void, SessionError, SessionManager>
}

/**
 * What a case is given. Its user is new in each run, so that cases share a manager, even one that has been used before.
 */
export interface Stage {
  readonly sessions: SessionManager["Type"]
  readonly userId: string
  readonly start: (over?: Partial<typeof CreateSession.Encoded>) => ReturnType<SessionManager["Type"]["create"]>
}

export const contractCase = (
  name: string,
  run: (stage: Stage) => Effect.Effect<void, SessionError>
): ContractCase => ({
  name,
  run: Effect.gen(function*() {
    const sessions = yield* SessionManager
    const userId = `user-${yield* (yield* IdGenerator).sessionId}`
    yield* run({
      sessions,
      userId,
      start: (over) => sessions.create({ userId, provider: "mock", model: "mock-model", ...over })
    })
  }).pipe(Effect.provide(IdGenerator.layer))
})

/**
 * A case about a session that has just been started.
 */
export const sessionCase = (
  name: string,
  run: (session: Session, stage: Stage) => Effect.Effect<void, SessionError>
): ContractCase => contractCase(name, (stage) => Effect.flatMap(stage.start(), (session) => run(session, stage)))
