import * as Schema from "effect/Schema"
import { FeedPosition } from "./FeedPosition.js"
import { SessionEvent } from "./SessionEvent.js"
import { TurnDelta } from "./TurnEvent.js"

/**
 * One entry of a session's feed: what has happened, in the order it was stored, and between that the reply that is under
 * way. `position` is where a watcher stands once it has seen this.
 */
export const FeedEvent = Schema.Struct({
  position: FeedPosition,
  event: Schema.Union(SessionEvent, TurnDelta)
})
export interface FeedEvent extends Schema.Schema.Type<typeof FeedEvent> {}
