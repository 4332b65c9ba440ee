import { type FeedEvent, type FeedPosition, toFeedPosition } from "../../src/domain/Events.js"

/**
 * Follows the feed of a session as one watcher sees it across its connections, and reports each entry that is missing, repeated
 * or out of place. Only the text of a reply that ended meanwhile may be left out: the reply follows as a whole.
 */
export const makeFeedCheck = (report: (problem: string) => void) => {
  let number = 0
  let offset = 0
  let position: FeedPosition | undefined
  let isOver = false

  const expect = (what: string, expected: number | string, actual: number | string) => {
    if (actual !== expected) report(`${what} ${actual} where ${expected} comes next`)
  }

  return {
    take: ({ event, position: given }: FeedEvent): void => {
      if (event._tag === "TurnDelta") {
        expect("text from", offset, event.offset)
        offset = event.offset + event.text.length
      } else {
        expect("event", number + 1, event.number)
        number = event.number
        if (event._tag === "TurnStarted") offset = 0
        isOver = event._tag === "SessionArchived"
      }
      expect("position", toFeedPosition({ number, offset }), given)
      position = given
    },
    /** That of the last entry. */
    position: () => position,
    /** Number of the last stored event. */
    number: () => number,
    /** Whether the session was archived. */
    isOver: () => isOver
  }
}
