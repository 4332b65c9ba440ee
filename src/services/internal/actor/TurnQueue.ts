import type * as DateTime from "effect/DateTime"
import type * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { Message } from "../../../domain/Message.js"
import type { StopOutcome, StopTurn } from "../../../domain/StopTurn.js"
import type { Prompt, Turn } from "../../../domain/Turn.js"
import type { Command } from "./ActorCore.js"
import type { PersistFailure } from "./PersistFailure.js"
import type { TurnObserver } from "./TurnObserver.js"

/**
 * What waits for the running turn to end: the next turn, or a change of the history that must not fall into a turn.
 */
export type Waiting =
  | { readonly _tag: "Turn"; readonly turn: Turn; readonly prompt: Prompt; readonly observer: TurnObserver }
  | { readonly _tag: "Between" } & Command

/**
 * A turn whose question has entered the history.
 */
export interface StartedTurn {
  readonly turn: Turn
  readonly message: Message
  readonly at: DateTime.Utc
}

/**
 * The turn whose provider call is under way.
 */
export interface RunningTurn {
  readonly turn: Turn
  readonly observer: TurnObserver
  readonly fiber: Fiber.RuntimeFiber<void>
  /** Set once somebody wants it to end. */
  stop?: { readonly keepPartial: boolean; readonly outcome: Deferred.Deferred<StopOutcome, ChangeError> }
}

/**
 * A session's turns: one runs, the others wait in the order they were accepted.
 */
export interface TurnQueue {
  /** How many run or wait. */
  readonly size: () => number
  /** Stores a turn (T1), and starts it at once if it can. */
  readonly accept: (prompt: Prompt, observer: TurnObserver) => Effect.Effect<void, PersistFailure>
  /** Ends a turn that runs or waits. The answer comes, through the effect it gives, once that is stored. */
  readonly stop: (stop: StopTurn) => Effect.Effect<Effect.Effect<StopOutcome, ChangeError>, PersistFailure>
  /** Runs a change of the history once the turns that were accepted before it have ended. */
  readonly enqueue: (change: Command) => void
  /** Starts what may start now. */
  readonly advance: Effect.Effect<void, PersistFailure>
  /** Takes up what an earlier owner left behind. */
  readonly recover: (openTurns: ReadonlyArray<Turn>) => Effect.Effect<void, PersistFailure>
  /** Lets go of all turns: who waits for one is told why, and the provider call is closed. */
  readonly abandon: (reason: ChangeError) => Effect.Effect<void>
}
