import type { PromiseSession } from "../services/promise/PromiseSession.js"
import { createSessionManager, type SessionManagerOptions } from "./createSessionManager.js"

/**
 * Options of a simple session, and of its manager.
 */
export interface SimpleSessionOptions extends SessionManagerOptions {
  readonly userId: string
  /** Default: `mock`. Any other must be among `providers`. */
  readonly provider?: string
  /** Default: `mock-model`. */
  readonly model?: string
}

/**
 * A session with its own manager, which `close` closes.
 */
export interface SimpleSession extends PromiseSession {
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Creates a session to try things out. Default: in memory, with the mock provider.
 */
export const createSimpleSession = async (
  { model = "mock-model", provider = "mock", userId, ...options }: SimpleSessionOptions
): Promise<SimpleSession> => {
  const { close, create } = await createSessionManager(options)
  try {
    return { ...(await create({ userId, provider, model })), close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
