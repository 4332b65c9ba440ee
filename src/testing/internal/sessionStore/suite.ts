import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import type { SessionError } from "../../../domain/error/SessionError.js"
import type { SessionId } from "../../../domain/Ids.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import type { SessionStore } from "../../../services/SessionStore.js"

/**
 * One promise of every store. It fails or dies when the store breaks it.
 */
export interface ConformanceCase {
  readonly name: string
  readonly run: Effect.Effect<void, SessionError, SessionStore>
}

/**
 * Makes a case. Its ids are new in each run, so that cases can share a store, also one that has been used before.
 */
export const conformanceCase = (
  name: string,
  run: Effect.Effect<void, SessionError, IdGenerator | SessionStore>
): ConformanceCase => ({ name, run: Effect.provide(run, IdGenerator.layer) })

/**
 * One promise of a store that outlives its process: run `write`, close the store, open it again, and run `read` with the id that
 * `write` returned.
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

/**
 * Asserts that an effect dies, because its caller breaks a rule of the port.
 */
export const assertDies = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  Effect.matchCause(effect, {
    onFailure: (cause) => assert.ok(Cause.isDie(cause), `expected a defect, but got ${Cause.pretty(cause)}`),
    onSuccess: () => assert.fail("expected a defect, but it succeeded")
  })

/**
 * Asserts that an effect fails with an error of this tag.
 */
export const assertFails = <A, E extends { readonly _tag: string }, R>(
  tag: E["_tag"],
  effect: Effect.Effect<A, E, R>
): Effect.Effect<void, never, R> =>
  Effect.match(effect, {
    onFailure: (error) => assert.equal(error._tag, tag),
    onSuccess: () => assert.fail(`expected ${tag}, but it succeeded`)
  })

/**
 * Compares the encoded forms of two values, so that it does not matter how a store constructs them.
 */
export const assertSame = <A, I>(schema: Schema.Schema<A, I>, actual: A, expected: A): void =>
  assert.deepEqual(Schema.encodeSync(schema)(actual), Schema.encodeSync(schema)(expected))
