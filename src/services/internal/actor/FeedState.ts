import type { TurnId } from "../../../domain/TurnId.js"

/**
 * Where a session's feed is at one moment: the last event, and what has been shown of the reply under way.
 */
export interface FeedState {
  readonly lastEvent: number
  readonly reply?: {
    readonly turnId: TurnId
    /** Number of the event with which the text began. */
    readonly startedWith: number
    readonly text: string
  }
}
