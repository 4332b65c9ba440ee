import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { FeedEvent, type FeedPosition } from "../domain/Events.js"
import type { Message } from "../domain/Message.js"
import { SessionManager } from "../services/SessionManager.js"
import { sessionCommand } from "./connection.js"
import { json, sessionId } from "./options.js"
import { printEncoded } from "./output.js"
import { option, text } from "./parameters.js"
import { display, note, print } from "./Streams.js"
import { eventText, messageText, visible } from "./text.js"

/**
 * `watch`: past events of a session, then new ones as they happen, until the session is deleted or Ctrl-C. At the end it prints
 * the position to resume from.
 */
export const watch = sessionCommand(
  {
    options: {
      from: option("from", text("POSITION"), "Position that an earlier watch ended at. Default: the first event"),
      json
    },
    arguments: { sessionId }
  },
  Effect.fnUntraced(function*(options) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
    const feed = session.watch(Option.isSome(options.from) ? { from: options.from.value } : {})
    if (options.json) return yield* Stream.runForEach(feed, (event) => printEncoded(encodeEvent(event)))
    const printer = makeFeedPrinter()
    yield* Stream.runForEach(feed, printer.print).pipe(
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : printer.leave)
    )
  })
)

const encodeEvent = Schema.encodeSync(Schema.parseJson(FeedEvent))

/**
 * Prints one line an event, and a reply as it arrives. A reply that was printed while it arrived is not repeated when it is
 * stored.
 */
const makeFeedPrinter = () => {
  let position: FeedPosition | undefined
  let shown = 0
  let lineIsOpen = false

  const endLine = Effect.suspend(() => {
    const end = lineIsOpen ? "\n" : ""
    lineIsOpen = false
    return display(end)
  })

  const wasShown = ({ role, text }: Message) => role === "assistant" && shown > 0 && shown === text.length

  const printEntry = (entry: FeedEvent) =>
    Effect.suspend(() => {
      const { event } = entry
      position = entry.position
      if (event._tag === "TurnDelta") {
        shown = event.offset + event.text.length
        const begin = lineIsOpen ? "" : indent
        lineIsOpen = true
        return display(begin + indented(event.text))
      }
      const text = event._tag === "MessageReceived" && wasShown(event.message)
        ? messageText(event.message, "as above")
        : eventText(event)
      shown = 0
      const line = `${`${event.number}`.padStart(6)}  ${DateTime.formatIso(event.at)}  ${indented(text)}`
      return Effect.zipRight(endLine, print(line))
    })

  /** Ends a line that was begun, and prints the position to resume from. */
  const leave = Effect.suspend(() =>
    Effect.zipRight(endLine, position === undefined ? Effect.void : note(`(resume with: --from ${position})`))
  )

  return { print: printEntry, leave }
}

const indent = " ".repeat(34)

// Indented, no line of a message can pass for an event.
const indented = (text: string): string => visible(text).replaceAll("\n", `\n${indent}`)
