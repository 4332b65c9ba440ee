import type { PromiseSession } from "../services/promise/PromiseSession.js"
import { createSessionManager, type SessionManagerOptions } from "./createSessionManager.js"

export interface SimpleSessionOptions extends SessionManagerOptions {
  readonly userId: string
  /** `mock` unless told; any other has to be among `providers`. */
  readonly provider?: string
  /** `mock-model` unless told. */
  readonly model?: string
}

/**
 * A session with a manager of its own, which `close` closes.
 */
export interface SimpleSession extends PromiseSession {
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Starts a session to try things out with: in memory and with the mock provider, unless told.
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
