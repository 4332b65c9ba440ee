import { constVoid } from "effect/Function"
import type { PromiseSession } from "./PromiseSession.js"

/**
 * Uses a session, and archives it when that fails, so that nobody goes on with it. What was thrown is thrown again, also when
 * the session cannot be archived.
 */
export const withSession = async <A>(
  session: PromiseSession,
  use: (session: PromiseSession) => A | Promise<A>
): Promise<A> => {
  try {
    return await use(session)
  } catch (error) {
    await session.archive().catch(constVoid)
    throw error
  }
}
