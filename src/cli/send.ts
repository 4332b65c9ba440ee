import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TurnEvent } from "../domain/Events.js"
import { SessionId } from "../domain/Ids.js"
import type { ProviderTarget } from "../domain/Provider.js"
import { SendMessage, TurnReceipt } from "../domain/Send.js"
import { checkInput } from "../services/internal/checkedCalls.js"
import type { SendInput, Session } from "../services/Session.js"
import { SessionManager } from "../services/SessionManager.js"
import { sessionCommand } from "./connection.js"
import { fallback, json, sendOptions, toSendMessage } from "./options.js"
import { printEncoded, printJson } from "./output.js"
import { anyText, argument, flag, option, optionOr, text } from "./parameters.js"
import { display, note, print } from "./Streams.js"
import { outcomeText, visible } from "./text.js"
import { UsageError } from "./usage.js"

/**
 * The session to talk to: an existing one, or the settings of a new one.
 */
export const sessionOptions = {
  session: option("session", text("ID"), "Session to continue. Default: a new one"),
  user: optionOr("user", text("USER"), "User of a new session", "local"),
  provider: optionOr("provider", text("PROVIDER"), "Provider of a new session", "mock"),
  model: option("model", text("MODEL"), "Model of a new session. Default: mock-model for the provider mock"),
  fallback
}

/**
 * `send`: sends one message and prints the reply.
 */
export const send = sessionCommand(
  {
    options: {
      ...sessionOptions,
      ...sendOptions,
      key: option("key", text("KEY"), "Makes the send repeatable: the same key returns the same turn"),
      noWait: flag("no-wait", "Print a receipt once the message is stored, and do not wait for the reply"),
      json
    },
    arguments: { text: argument(anyText("TEXT"), "The message") }
  },
  Effect.fnUntraced(function*(options) {
    // Checked before a session is started, so that a refused message leaves no empty session.
    const message = yield* checkMessage(toSendMessage(options.text, options.key, options))
    const session = yield* startSession(options)
    yield* options.noWait
      ? printReceipt(session, message, options.json)
      : printTurn(session, message, options.json)
    if (Option.isNone(options.session) && !options.json) {
      yield* note(`(continue with: --session ${session.id})`)
    }
  })
)

const checkMessage = checkInput(SendMessage)

interface SessionOptions {
  readonly session: Option.Option<string>
  readonly user: string
  readonly provider: string
  readonly model: Option.Option<string>
  readonly fallback: ReadonlyArray<typeof ProviderTarget.Encoded>
}

/**
 * Finds the session that the options name, or creates one.
 */
export const startSession = Effect.fnUntraced(
  function*({ fallback, model, provider, session, user }: SessionOptions) {
    const sessions = yield* SessionManager
    if (Option.isSome(session)) return yield* sessions.get(session.value)
    return yield* sessions.create({
      userId: user,
      provider,
      model: yield* chooseModel(sessions, provider, model),
      ...(fallback.length > 0 && { config: { fallbacks: fallback } })
    })
  }
)

const chooseModel = Effect.fnUntraced(function*(
  sessions: SessionManager["Type"],
  provider: string,
  model: Option.Option<string>
) {
  if (Option.isSome(model)) return model.value
  if (provider === "mock") return "mock-model"
  // An unknown provider is reported as such, and not as a missing model.
  yield* sessions.providerInfo(provider)
  return yield* new UsageError({ problem: `--provider ${provider} needs a --model`, hint: "" })
})

/**
 * Sends a message and prints the reply as it arrives: its text, or one line of JSON for each event. When the message has to
 * wait, a note says why.
 */
export const printTurn = Effect.fnUntraced(function*(
  session: Session,
  input: SendInput,
  json: boolean,
  onEvent: (event: TurnEvent) => Effect.Effect<void> = () => Effect.void
) {
  const events = Stream.tap(session.stream(input), onEvent)
  if (json) return yield* Stream.runForEach(events, (event) => printEncoded(encodeEvent(event)))
  let lineEnd = ""
  const printEvent = (event: TurnEvent) => {
    switch (event._tag) {
      case "TurnAccepted":
        return event.outcome === "started" ? Effect.void : note(`(${outcomeText[event.outcome]})`)
      case "TurnDelta":
        lineEnd = "\n"
        return display(visible(event.text))
      default:
        return Effect.void
    }
  }
  // A reply that breaks off ends its line too.
  yield* Effect.ensuring(Stream.runForEach(events, printEvent), Effect.suspend(() => display(lineEnd)))
})

const encodeEvent = Schema.encodeSync(Schema.parseJson(TurnEvent))

// With the session's id, since the session may be new.
const Receipt = Schema.Struct({ sessionId: SessionId, ...TurnReceipt.fields })

const printReceipt = Effect.fnUntraced(function*(session: Session, input: SendInput, json: boolean) {
  const receipt = yield* session.submit(input)
  yield* json
    ? printJson(Receipt, { sessionId: session.id, ...receipt })
    : print(`turn ${receipt.turnId} is stored: ${outcomeText[receipt.outcome]}`)
})
