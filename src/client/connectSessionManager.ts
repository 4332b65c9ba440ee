import type * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import { openSessionManager } from "../services/promise/calls.js"
import type { PromiseSessionManager } from "../services/promise/PromiseSession.js"
import * as SessionClient from "./SessionClient.js"

/**
 * How to reach a server, and how to close.
 */
export interface ConnectOptions extends Omit<SessionClient.SessionClientOptions, "token"> {
  /** The token that the server was started with. */
  readonly token: Redacted.Redacted | string
  /** How long `close` waits for running calls. Default: 20 seconds. */
  readonly drainTimeout?: Duration.DurationInput
}

/**
 * A manager of the sessions of a server, with promises in place of effects. Rejects with `ConfigurationError` when the URL is
 * malformed. It connects with the first call.
 */
export const connectSessionManager = (
  { drainTimeout = "20 seconds", token, ...options }: ConnectOptions
): Promise<PromiseSessionManager> =>
  openSessionManager(
    SessionClient.layer({ ...options, token: typeof token === "string" ? Redacted.make(token) : token }),
    drainTimeout
  )
