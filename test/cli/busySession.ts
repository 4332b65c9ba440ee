import { Effect } from "effect"
import { SessionManager } from "../../src/services/SessionManager.js"

/**
 * A session whose first turn runs for 10 minutes, so that the others wait.
 */
export const busySession = Effect.fnUntraced(function*(...questions: ReadonlyArray<string>) {
  const session = yield* Effect.flatMap(SessionManager, (sessions) =>
    sessions.create({
      userId: "ada",
      provider: "mock",
      model: "mock-model",
      config: { providerConfig: { delay: "10 minutes" } }
    }))
  yield* Effect.forEach(questions, session.submit, { discard: true })
  return session.id
})
