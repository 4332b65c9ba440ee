import type * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { StopOutcome } from "../../../domain/StopTurn.js"
import type { OpenTurn } from "./OpenTurn.js"
import type { PersistFailure } from "./PersistFailure.js"
import type { Halt, RunningTurn } from "./RunningTurn.js"
import type { Transition } from "./Transition.js"

/**
 * A turn that is about to be accepted: how, and what to do once it is.
 */
export interface Fresh {
  readonly accepted: Transition
  readonly onAccepted: () => void
}

/**
 * Runs one turn at a time, from its start to its end.
 */
export interface TurnRunner {
  readonly running: () => RunningTurn | undefined
  /** Starts a turn that waited, that is yet to be accepted, or whose provider call was lost. */
  readonly start: (live: OpenTurn, fresh?: Fresh) => Effect.Effect<void, PersistFailure>
  /** Tells the running turn to end, if there is one. The outcome comes once that is stored. */
  readonly halt: (halt: Halt) => Deferred.Deferred<StopOutcome, ChangeError> | undefined
  /** Closes the conversations with providers: the next turn opens them as the session is configured then. */
  readonly reopen: Effect.Effect<void>
  /** Lets go of the running turn: who waits for it is told why, and the provider call is closed. */
  readonly abandon: (reason: ChangeError) => Effect.Effect<void>
}
