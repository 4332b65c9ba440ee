import type * as Duration from "effect/Duration"

/**
 * Bounds of the actors of one host.
 */
export interface ActorLimits {
  /** Sends that may wait in one session, the running one included. */
  readonly mailboxCapacity: number
  /** Turns of all sessions together that may be open. */
  readonly maxOpenTurns: number
  /** Messages of the history that a provider is shown. */
  readonly historyWindow: number
  /** The same, in tokens, as `estimateTokens` counts. */
  readonly historyTokens: number
  /** No turn may take longer, whatever its sender allows. */
  readonly maxTurnTime: Duration.Duration
  /** How often what has arrived of a reply is stored. */
  readonly checkpointEvery: Duration.Duration
}
