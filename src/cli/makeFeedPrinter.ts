import * as Terminal from "@effect/platform/Terminal"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { FeedEvent } from "../domain/FeedEvent.js"
import type { FeedPosition } from "../domain/FeedPosition.js"
import type { Message } from "../domain/Message.js"
import { eventText } from "./eventText.js"
import { messageText } from "./messageText.js"
import { visible } from "./visible.js"

const indent = " ".repeat(34)

/**
 * Prints a feed for a person: one line an event, and the reply that is under way as it arrives. What was seen arriving is not
 * printed again once it is stored.
 */
export const makeFeedPrinter = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  let position: FeedPosition | undefined
  let shown = 0
  let lineIsOpen = false

  const endLine = Effect.suspend(() => {
    const end = lineIsOpen ? "\n" : ""
    lineIsOpen = false
    return terminal.display(end)
  })

  const wasShown = ({ role, text }: Message) => role === "assistant" && shown > 0 && shown === text.length

  const print = (entry: FeedEvent) =>
    Effect.suspend(() => {
      const { event } = entry
      position = entry.position
      if (event._tag === "TurnDelta") {
        shown = event.offset + event.text.length
        const begin = lineIsOpen ? "" : indent
        lineIsOpen = true
        return terminal.display(begin + indented(event.text))
      }
      const text = event._tag === "MessageReceived" && wasShown(event.message)
        ? messageText(event.message, "as above")
        : eventText(event)
      shown = 0
      const line = `${`${event.number}`.padStart(6)}  ${DateTime.formatIso(event.at)}  ${indented(text)}`
      return Effect.zipRight(endLine, Console.log(line))
    })

  /** Ends a line that was begun, and says how to come back. */
  const leave = Effect.suspend(() =>
    Effect.zipRight(
      Effect.orDie(endLine),
      position === undefined ? Effect.void : Console.error(`(go on with: --from ${position})`)
    )
  )

  return { print, leave }
})

// Nothing that somebody said looks like an event.
const indented = (text: string): string => visible(text).replaceAll("\n", `\n${indent}`)
