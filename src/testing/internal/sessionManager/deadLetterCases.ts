import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { type ContractCase, failsWith, sessionCase } from "./contractCase.js"

/**
 * Dead letters. The hooks of a manager under test normally leave none.
 */
export const deadLetterCases: ReadonlyArray<ContractCase> = [
  sessionCase(
    "lists and replays the dead letters of a session",
    (session, { sessions }) =>
      Effect.gen(function*() {
        yield* session.send("hello")
        const query = { sessionId: session.id, hook: "a-hook" }
        assert.deepEqual(yield* sessions.deadLetters({ ...query, limit: 1 }), { items: [] })
        assert.deepEqual(yield* sessions.replayDeadLetters({ ...query, limit: 1 }), {
          delivered: 0,
          missing: 0,
          failed: 0,
          unknown: 0
        })
        assert.ok((yield* sessions.health).store.deadLetters >= 0)
      })
  ),

  sessionCase(
    "refuses a replay limit of 0 or of more than 1,000 dead letters",
    (_, { sessions }) =>
      Effect.gen(function*() {
        yield* sessions.replayDeadLetters({ limit: 1000, hook: "a-hook" })
        yield* failsWith("InvalidRequest", sessions.replayDeadLetters({ limit: 1001 }))
        yield* failsWith("InvalidRequest", sessions.replayDeadLetters({ limit: 0 }))
        yield* failsWith("InvalidRequest", sessions.deadLetters({ hook: "" }))
        yield* failsWith("InvalidRequest", sessions.deadLetters({ limit: 501 }))
      })
  )
]
