import * as Option from "effect/Option"
import type { TurnEvent } from "../../domain/TurnEvent.js"

/**
 * Tells what is new of a turn's events when the turn is shown again from its beginning.
 */
export const unseenOf = () => {
  const seen = new Set<TurnEvent["_tag"]>()
  let length = 0
  return (event: TurnEvent): Option.Option<TurnEvent> => {
    if (event._tag !== "TurnDelta") {
      if (seen.has(event._tag)) return Option.none()
      seen.add(event._tag)
      return Option.some(event)
    }
    const text = event.text.slice(Math.max(0, length - event.offset))
    if (text === "") return Option.none()
    const offset = Math.max(length, event.offset)
    length = offset + text.length
    return Option.some({ ...event, offset, text })
  }
}
