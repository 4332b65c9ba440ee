import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { type ContractCase, failsWith, sessionCase } from "./contractCase.js"

/**
 * What hooks have given up on. Those of a manager under test give up on nothing, unless they say so.
 */
export const deadLetterCases: ReadonlyArray<ContractCase> = [
  sessionCase(
    "lists the dead letters of a session, and replays those there are",
    (session, { sessions }) =>
      Effect.gen(function*() {
        yield* session.send("hello")
        const query = { sessionId: session.id, hook: "a-hook" }
        assert.deepEqual(yield* sessions.deadLetters({ ...query, limit: 1 }), { items: [] })
        assert.deepEqual(yield* sessions.replayDeadLetters({ ...query, limit: 1 }), {
          told: 0,
          gone: 0,
          failed: 0,
          unknown: 0
        })
        assert.ok((yield* sessions.health).store.deadLetters >= 0)
      })
  ),

  sessionCase(
    "refuses a replay of more than 1,000 dead letters, or of none",
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
