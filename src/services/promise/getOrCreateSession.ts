import type { PromiseSession } from "./PromiseSession.js"
import type { PromiseSessionManager } from "./PromiseSessionManager.js"

/**
 * `getOrCreate` of a manager, with the mock provider unless told.
 */
export const getOrCreateSession = (
  manager: PromiseSessionManager,
  { model = "mock-model", provider = "mock", userId }: {
    readonly userId: string
    readonly provider?: string
    readonly model?: string
  }
): Promise<PromiseSession> => manager.getOrCreate({ userId, provider, model })
