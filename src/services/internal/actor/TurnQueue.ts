import type * as Effect from "effect/Effect"
import type { EditOutcome } from "../../../domain/EditTurn.js"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { IdempotencyConflict } from "../../../domain/error/IdempotencyConflict.js"
import type { SessionBusy } from "../../../domain/error/SessionBusy.js"
import type { StopOutcome, StopTurn } from "../../../domain/StopTurn.js"
import type { Prompt, Turn } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import type { AdmittedSend } from "./acceptTurn.js"
import type { Command } from "./ActorCore.js"
import type { OpenTurn } from "./OpenTurn.js"
import type { PersistFailure } from "./PersistFailure.js"
import type { RunningTurn } from "./RunningTurn.js"
import type { TurnObserver } from "./TurnObserver.js"

/**
 * What waits for the running turn to end: the next turn, or a change of the history that must not fall into a turn.
 */
export type Waiting =
  | { readonly _tag: "Turn"; readonly live: OpenTurn }
  | { readonly _tag: "Between" } & Command

/**
 * A session's turns: one runs, the others wait in the order they were accepted.
 */
export interface TurnQueue {
  /** How many run or wait. */
  readonly size: () => number
  readonly running: () => RunningTurn | undefined
  /** Those that run or wait. */
  readonly open: () => ReadonlyArray<Turn>
  /** Those that wait, in order. */
  readonly pending: () => ReadonlyArray<Turn>
  /** Stores a turn (T1), and starts it at once if it can. */
  readonly accept: (
    send: AdmittedSend,
    observer: TurnObserver
  ) => Effect.Effect<void, IdempotencyConflict | PersistFailure | SessionBusy>
  /** The turn that a send with this key made, if it is not ended. */
  readonly withKey: (key: string) => OpenTurn | undefined
  /** Ends a turn that runs or waits. The answer comes, through the effect it gives, once that is stored. */
  readonly stop: (stop: StopTurn) => Effect.Effect<Effect.Effect<StopOutcome, ChangeError>, PersistFailure>
  /** Gives a turn that waits something else to ask. */
  readonly edit: (
    turnId: TurnId,
    prompt: Prompt,
    notices: ReadonlyArray<TurnNotice>
  ) => Effect.Effect<EditOutcome, PersistFailure>
  /** Ends the running turn if it began before this moment of the clock, in nanoseconds. */
  readonly expire: (before: bigint) => Effect.Effect<void>
  /** Runs a change of the history once the turns that were accepted before it have ended. */
  readonly enqueue: (change: Command) => void
  /** Starts what may start now. */
  readonly advance: Effect.Effect<void, PersistFailure>
  /** Closes the conversations with providers, for the next turn to open them anew. */
  readonly reopen: Effect.Effect<void>
  /** Takes up what an earlier owner left behind. */
  readonly recover: (openTurns: ReadonlyArray<Turn>) => Effect.Effect<void, PersistFailure>
  /** Lets go of all turns: who waits for one is told why, and the provider call is closed. */
  readonly abandon: (reason: ChangeError) => Effect.Effect<void>
}
