import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { TurnId } from "../domain/Ids.js"
import type { SendMessage } from "../domain/Send.js"
import type { Session } from "../services/Session.js"
import { type ChatInput, inputLines, openChatInput } from "./chatInput.js"
import { connectionFlags, type ConnectionOptions, sessionCommand } from "./connection.js"
import { json, sendOptions, toSendMessage } from "./options.js"
import { option, text } from "./parameters.js"
import { reportError } from "./run.js"
import { printTurn, sessionOptions, startSession } from "./send.js"
import { isInteractive, note } from "./Streams.js"
import { visible } from "./text.js"

/**
 * `chat`: a conversation, from a keyboard or a pipe. A turn that fails is reported and the conversation continues; a lost
 * server ends it.
 */
export const chat = sessionCommand(
  {
    options: {
      ...sessionOptions,
      ...sendOptions,
      key: option("key", text("KEY"), "Makes the chat repeatable: message 3 gets the key KEY-3. Use it with --session"),
      json
    },
    arguments: {}
  },
  Effect.fnUntraced(function*(options) {
    const session = yield* startSession(options)
    let count = 0
    const toMessage = (text: string) =>
      toSendMessage(text, Option.map(options.key, (key) => `${key}-${++count}`), options)
    const unanswered = yield* (yield* isInteractive)
      ? converse(session, toMessage, options)
      : answerLines(session, toMessage, options.json)
    if (unanswered > 0) return yield* new Unanswered({ count: unanswered })
  })
)

class Unanswered extends Data.TaggedError("Unanswered")<{ readonly count: number }> {
  override get message(): string {
    return `messages without a reply: ${this.count}; see the errors above`
  }
}

type ToMessage = (text: string) => typeof SendMessage.Encoded

/** Sends each line that is piped in as a message. Answers how many got no reply. */
const answerLines = Effect.fnUntraced(function*(session: Session, toMessage: ToMessage, json: boolean) {
  if (!json) yield* note(`session ${session.id}`)
  return yield* inputLines.pipe(
    Stream.filter((line) => line.trim() !== ""),
    Stream.mapEffect((line) => answered(printTurn(session, toMessage(line), json), json)),
    Stream.runFold(0, (unanswered, answered) => unanswered + Number(!answered))
  )
})

/** Reports a turn that failed, and answers whether it succeeded. A lost or refused connection ends the chat. */
const answered = <E extends Error & { readonly _tag: string }, R>(turn: Effect.Effect<void, E, R>, json: boolean) =>
  turn.pipe(
    Effect.as(true),
    Effect.catchAll((error) => fatal.has(error._tag) ? Effect.fail(error) : Effect.as(reportError(json)(error), false))
  )

const fatal: ReadonlySet<string> = new Set(["Disconnected", "Unauthorized", "Left"])

/** Talks with a person at a terminal. Answers how many messages got no reply. */
const converse = (session: Session, toMessage: ToMessage, options: ConnectionOptions & { readonly json: boolean }) =>
  Effect.gen(function*() {
    const { model, provider } = yield* session.info
    yield* note(visible(`${provider}/${model} answers. Type /help for help; /exit or Ctrl-D leaves.`))
    const input = yield* openChatInput
    let unanswered = 0
    for (let text = yield* input.read; Option.isSome(text); text = yield* input.read) {
      const command = /^\/[a-z]+\s*$/.exec(text.value)?.[0].trim()
      if (command === "/exit") break
      if (command === "/help") yield* note(help)
      else if (command !== undefined) yield* note(`Unknown command ${command}. /help lists the commands.`)
      else if (text.value.trim() !== "") {
        const turn = Effect.catchTag(
          interruptibleTurn(session, toMessage(text.value), input, options.json),
          "TurnStopped",
          () => note("(stopped)")
        )
        unanswered += Number(!(yield* answered(turn, options.json)))
      }
    }
    return unanswered
  }).pipe(
    Effect.scoped,
    Effect.ensuring(
      note(`Continue with: npx langswarm-session chat --session ${session.id}${connectionFlags(options)}`)
    ),
    Effect.catchTag("Left", () => Effect.interrupt)
  )

const help = [
  "/help   Show this help",
  "/exit   Leave; Ctrl-D does the same",
  "Ctrl-C  Stop the reply; again, or at the prompt, leave",
  "Several lines that are pasted at once are one message: press Enter to send it."
].join("\n")

const interruptibleTurn = (
  session: Session,
  message: typeof SendMessage.Encoded,
  input: ChatInput,
  json: boolean
) =>
  Effect.suspend(() => {
    let turnId: TurnId | undefined
    const turn = printTurn(session, message, json, (event) =>
      Effect.sync(() => {
        if (event._tag === "TurnAccepted") turnId = event.turnId
      }))
    const stop = Effect.suspend(() => turnId === undefined ? Effect.void : session.stop({ turnId }))
    return input.whileReplying(turn, stop)
  })
