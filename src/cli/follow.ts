import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Terminal from "@effect/platform/Terminal"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { FeedEvent, type FeedPosition } from "../domain/Events.js"
import type { Message } from "../domain/Message.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json, sessionId } from "./options.js"
import { eventText, messageText, visible } from "./text.js"

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

const encodeEvent = Schema.encodeSync(Schema.parseJson(FeedEvent))

/**
 * `watch`: all that has happened in a session, and then what happens, until the session is deleted or somebody leaves. Whoever
 * leaves is told how to come back.
 */
export const watch = Command.make(
  "watch",
  {
    ...connectionOptions,
    from: Options.text("from").pipe(
      Options.withDescription(
        "Begin after this position, which an earlier watch ended with; at the beginning if left out"
      ),
      Options.optional
    ),
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      const feed = session.watch(Option.isSome(options.from) ? { from: options.from.value } : {})
      if (options.json) return yield* Stream.runForEach(feed, (event) => Console.log(encodeEvent(event)))
      const printer = yield* makeFeedPrinter
      yield* Stream.runForEach(feed, printer.print).pipe(
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : printer.leave)
      )
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Watch what happens in a session, from its beginning or from a position on"))
