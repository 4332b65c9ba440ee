import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { DeadLetter } from "../domain/DeadLetter.js"
import type { SessionEvent } from "../domain/Events.js"

/**
 * Observes what has happened to sessions. It cannot change or delay a turn: it runs after the fact, in a fiber of its own,
 * and its failures and defects are logged and go no further.
 */
export interface Hook {
  /** Unique within a bus. */
  readonly name: string
  /** Which events it is given; all unless told. */
  readonly filter?: (event: SessionEvent) => boolean
  /** For one event; 5 seconds unless told. */
  readonly timeout?: Duration.DurationInput
  /** How often a failed event is tried again; 2 unless told. */
  readonly retries?: number
  readonly on: (event: SessionEvent) => Effect.Effect<void, unknown>
}

/**
 * A hook has given up on an event.
 */
export type HookFailure = Pick<DeadLetter, "at" | "attempts" | "hook" | "reason">
