import type { SessionManager } from "../SessionManager.js"
import type { Promised } from "./PromiseSession.js"

/**
 * `SessionManager` for those who do not write Effect, in process and over the wire.
 */
export interface PromiseSessionManager extends Promised<SessionManager["Type"]> {
  /**
   * Takes no more calls, lets those that run come to their end within the drain timeout, and lets go of all there is; closing
   * it again waits for the same. Calls that come later, and those that were not through, reject with `ShuttingDown`. A
   * process that ends without it loses nothing that was acknowledged, but does not end by itself.
   */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
