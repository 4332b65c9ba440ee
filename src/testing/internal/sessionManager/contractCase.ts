import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import type { SessionError } from "../../../domain/error/SessionError.js"
import type { CreateSession } from "../../../domain/Session.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import type { Session } from "../../../services/Session.js"
import { SessionManager } from "../../../services/SessionManager.js"

/**
 * One behavior of every manager. It fails or dies when a manager does not have it.
 */
export interface ContractCase {
  readonly name: string
  readonly run: Effect.Effect<void, SessionError, SessionManager>
}

/**
 * The arguments of a case. Its user is new in each run, so that cases can share a manager, also one that has been used before.
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
 * A case with a new session.
 */
export const sessionCase = (
  name: string,
  run: (session: Session, stage: Stage) => Effect.Effect<void, SessionError>
): ContractCase => contractCase(name, (stage) => Effect.flatMap(stage.start(), (session) => run(session, stage)))

/**
 * Asserts that an effect fails with an error of this tag, and returns it.
 */
export const failsWith = <Tag extends string, A, E extends { readonly _tag: string }, R>(
  tag: Tag,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Extract<E, { readonly _tag: Tag }>, never, R> =>
  Effect.matchEffect(effect, {
    onFailure: (error) => hasTag(tag, error) ? Effect.succeed(error) : Effect.dieSync(() => wrong(tag, error._tag)),
    onSuccess: () => Effect.dieSync(() => wrong(tag, "success"))
  })

const hasTag = <Tag extends string, E extends { readonly _tag: string }>(
  tag: Tag,
  error: E
): error is Extract<E, { readonly _tag: Tag }> => error._tag === tag

const wrong = (expected: string, actual: string) =>
  new assert.AssertionError({
    expected,
    actual,
    operator: "strictEqual",
    message: `expected ${expected}, got ${actual}`
  })
