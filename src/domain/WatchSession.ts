import * as Schema from "effect/Schema"
import { FeedPosition } from "./FeedPosition.js"

/**
 * From where to watch.
 */
export const WatchSession = Schema.Struct({
  /** The position of the last event that was seen: what comes after it is replayed. The beginning unless told. */
  from: Schema.optionalWith(FeedPosition, { exact: true })
})
export interface WatchSession extends Schema.Schema.Type<typeof WatchSession> {}
