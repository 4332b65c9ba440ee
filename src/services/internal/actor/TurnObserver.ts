import type * as Exit from "effect/Exit"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"
import type { TurnEvent } from "../../../domain/TurnEvent.js"

/**
 * Whoever waits for a turn. Neither function may wait or throw: the actor goes on at once.
 */
export interface TurnObserver {
  readonly emit: (event: TurnEvent) => void
  /** Nothing comes after it. Only the first call counts. */
  readonly end: (exit: Exit.Exit<Message, ChangeError | TurnError>) => void
}
