import type * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import { openSessionManager } from "../services/promise/calls.js"
import type { PromiseSessionManager } from "../services/promise/PromiseSession.js"
import * as SessionClient from "./SessionClient.js"

export interface ConnectOptions extends Omit<SessionClient.SessionClientOptions, "token"> {
  /** What the server was started with. */
  readonly token: Redacted.Redacted | string
  /** How long `close` waits for calls; 20 seconds unless told. */
  readonly drainTimeout?: Duration.DurationInput
}

/**
 * The manager of a server's sessions, for those who do not write Effect. Rejects with `ConfigurationError` when the URL is
 * none; it connects with the first call.
 */
export const connectSessionManager = (
  { drainTimeout = "20 seconds", token, ...options }: ConnectOptions
): Promise<PromiseSessionManager> =>
  openSessionManager(
    SessionClient.layer({ ...options, token: typeof token === "string" ? Redacted.make(token) : token }),
    drainTimeout
  )
