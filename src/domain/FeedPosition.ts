import * as Schema from "effect/Schema"

/**
 * A place in a session's feed: what a watcher has seen of it. Opaque: keep the last one and pass it back to go on from there.
 */
export const FeedPosition = Schema.String.pipe(
  Schema.pattern(/^\d{1,15}(\.\d{1,15})?$/, { description: "a position from an event of the feed" }),
  Schema.brand("FeedPosition")
)
export type FeedPosition = typeof FeedPosition.Type

/**
 * How many events have been seen, and how many characters of the reply that was under way then.
 */
export interface FeedPlace {
  readonly number: number
  readonly offset: number
}

export const toPosition = ({ number, offset }: FeedPlace): FeedPosition =>
  FeedPosition.make(offset === 0 ? `${number}` : `${number}.${offset}`)

export const fromPosition = (position: FeedPosition): FeedPlace => {
  const [number = "0", offset = "0"] = position.split(".")
  return { number: Number(number), offset: Number(offset) }
}
