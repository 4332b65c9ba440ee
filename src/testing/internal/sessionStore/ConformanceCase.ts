import * as Effect from "effect/Effect"
import type { SessionError } from "../../../domain/error/SessionError.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import type { SessionStore } from "../../../services/SessionStore.js"

/**
 * One thing that every store promises. It fails or dies when the store does not keep it.
 */
export interface ConformanceCase {
  readonly name: string
  readonly run: Effect.Effect<void, SessionError, SessionStore>
}

/**
 * Makes a case. Its ids are new in each run, so that cases share a store, even one that has been used before.
 */
export const conformanceCase = (
  name: string,
  run: Effect.Effect<void, SessionError, IdGenerator | SessionStore>
): ConformanceCase => ({ name, run: Effect.provide(run, IdGenerator.layer) })
