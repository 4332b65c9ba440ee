import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { DeadLetter } from "../domain/DeadLetter.js"
import type { SessionEvent } from "../domain/Events.js"

/**
 * Observes what happened to sessions, after it is stored. A hook cannot change or delay a turn: it runs in its own fiber, and
 * its failures and defects are only logged.
 */
export interface Hook {
  /** Unique within a bus; 1 to 64 characters, no control characters. */
  readonly name: string
  /** The events it receives. Default: all. */
  readonly filter?: (event: SessionEvent) => boolean
  /** Time limit for one event. Default: 5 seconds. */
  readonly timeout?: Duration.DurationInput
  /** Retries for a failed event, after 100 ms, 200 ms, 400 ms and so on. Default: 2. */
  readonly retries?: number
  readonly on: (event: SessionEvent) => Effect.Effect<void, unknown>
}

/**
 * An event that a hook failed to handle after all retries.
 */
export type HookFailure = Pick<DeadLetter, "at" | "attempts" | "hook" | "reason">
