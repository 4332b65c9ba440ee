import type * as DateTime from "effect/DateTime"
import type * as Deferred from "effect/Deferred"
import type * as Fiber from "effect/Fiber"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { DeadlineExceeded } from "../../../domain/error/DeadlineExceeded.js"
import type { TurnStopped } from "../../../domain/error/TurnStopped.js"
import type { StopOutcome } from "../../../domain/StopTurn.js"
import type { TurnMiddleware } from "../../TurnMiddleware.js"
import type { OpenTurn } from "./OpenTurn.js"

/**
 * Why a turn is to end before its reply is complete, and what is to be left of it.
 */
export interface Halt {
  readonly error: DeadlineExceeded | TurnStopped
  /** Whether what has arrived of the reply stays in the history. */
  readonly keepPartial: boolean
  /** Whether the turn leaves the history altogether. */
  readonly rollBack: boolean
}

/**
 * The turn that is under way.
 */
export interface RunningTurn {
  readonly live: OpenTurn
  /** Turns that were steered into it: they hear what it says from then on, and end as it does. */
  readonly joined: Array<OpenTurn>
  readonly middleware: TurnMiddleware
  /** Nanoseconds of the clock. */
  readonly since: bigint
  /** When it must have ended. */
  readonly deadline: DateTime.Utc
  /** Place of the provider that its next call goes to first: one that has paused goes on itself. */
  place: number
  /** Number of the event with which its text began. */
  startedWith: number
  /** How much of its text earlier provider calls said. */
  saidBefore: number
  fiber?: Fiber.RuntimeFiber<void>
  /** Stores what has been said, a while after it was. */
  checkpoint?: Fiber.RuntimeFiber<void> | undefined
  /** Set once somebody wants it to end. */
  halt?: Halt & { readonly outcome: Deferred.Deferred<StopOutcome, ChangeError> }
}
