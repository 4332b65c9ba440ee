import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Terminal from "@effect/platform/Terminal"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ConfigurationError } from "../domain/error/RequestError.js"
import { TurnEvent } from "../domain/Events.js"
import { SessionId } from "../domain/Ids.js"
import type { ProviderTarget } from "../domain/Provider.js"
import { SendMessage, TurnReceipt } from "../domain/Send.js"
import { checkInput } from "../services/internal/makeSessionManager.js"
import type { SendInput, Session } from "../services/Session.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { fallbackOption, json, sendOptions, toSendMessage } from "./options.js"
import { inputLines, printJson } from "./output.js"
import { reportError } from "./run.js"
import { outcomeText, visible } from "./text.js"

const encodeEvent = Schema.encodeSync(Schema.parseJson(TurnEvent))

/**
 * Says something and prints the reply while it arrives: its text, or one line of JSON for each event. A person is told too
 * when there is something to wait for.
 */
export const printTurn = (session: Session, input: SendInput, json: boolean) =>
  json
    ? Stream.runForEach(session.stream(input), (event) => Console.log(encodeEvent(event)))
    : Effect.gen(function*() {
      const terminal = yield* Terminal.Terminal
      const printed = yield* Ref.make("")
      const print = (event: TurnEvent) => {
        switch (event._tag) {
          case "TurnAccepted":
            return event.outcome === "started" ? Effect.void : Console.error(`(${outcomeText[event.outcome]})`)
          case "TurnDelta":
            return Effect.zipRight(Ref.set(printed, "\n"), terminal.display(visible(event.text)))
          default:
            return Effect.void
        }
      }
      yield* Stream.runForEach(session.stream(input), print).pipe(
        // What was begun is ended with its line, also when it broke off.
        Effect.ensuring(Effect.orDie(Effect.flatMap(Ref.get(printed), terminal.display)))
      )
    })

/**
 * Which session to talk to: an existing one, or a new one with these.
 */
export const sessionOptions = {
  session: Options.text("session").pipe(
    Options.withDescription("Go on with this session; a new one is started if left out"),
    Options.optional
  ),
  user: Options.text("user").pipe(Options.withDescription("Whose session a new one is"), Options.withDefault("local")),
  provider: Options.text("provider").pipe(
    Options.withDescription("Provider of a new session"),
    Options.withDefault("mock")
  ),
  model: Options.text("model").pipe(
    Options.withDescription("Model of a new session; mock-model if the provider is the mock"),
    Options.optional
  ),
  fallback: fallbackOption
}

interface SessionOptions {
  readonly session: Option.Option<string>
  readonly user: string
  readonly provider: string
  readonly model: Option.Option<string>
  readonly fallback: ReadonlyArray<typeof ProviderTarget.Encoded>
}

export const startSession = ({ fallback, model, provider, session, user }: SessionOptions) =>
  Effect.flatMap(SessionManager, (sessions) =>
    Effect.gen(function*() {
      if (Option.isSome(session)) return yield* sessions.get(session.value)
      return yield* sessions.create({
        userId: user,
        provider,
        model: yield* modelOf(sessions, provider, model),
        ...(fallback.length > 0 && { config: { fallbacks: fallback } })
      })
    }))

const modelOf = Effect.fnUntraced(function*(
  sessions: SessionManager["Type"],
  provider: string,
  model: Option.Option<string>
) {
  if (Option.isSome(model)) return model.value
  if (provider === "mock") return "mock-model"
  // One that is not there needs no model.
  yield* sessions.providerInfo(provider)
  return yield* new ConfigurationError({ problems: [`--provider ${provider} needs a --model`] })
})

class Unanswered extends Data.TaggedError("Unanswered")<{ readonly count: number }> {
  override get message(): string {
    return `${this.count} of the messages got no reply`
  }
}

/**
 * `chat`: a conversation, one line a message, from a keyboard or from a pipe. A turn that fails is reported and the
 * conversation goes on; losing the server ends it.
 */
export const chat = Command.make(
  "chat",
  {
    ...connectionOptions,
    ...sessionOptions,
    ...sendOptions,
    key: Options.text("key").pipe(
      Options.withDescription("Makes it repeatable: line 3 has the key KEY-3, and with --session it is said only once"),
      Options.optional
    ),
    json
  },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* startSession(options)
      if (!options.json) yield* Console.error(`session ${session.id}`)
      const unanswered = yield* inputLines.pipe(
        Stream.filter((line) => line.trim() !== ""),
        Stream.zipWithIndex,
        Stream.mapEffect(([line, index]) =>
          printTurn(
            session,
            toSendMessage(line, Option.map(options.key, (key) => `${key}-${index + 1}`), options),
            options.json
          ).pipe(
            Effect.as(0),
            Effect.catchAll((error) =>
              error._tag === "Disconnected" || error._tag === "Unauthorized"
                ? Effect.fail(error)
                : Effect.as(reportError(options.json)(error), 1)
            )
          )
        ),
        Stream.runFold(0, (sum, count) => sum + count)
      )
      if (unanswered > 0) yield* new Unanswered({ count: unanswered })
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Talk; reads lines from the keyboard or from a pipe"))

// With the session, which may have been started for it.
const Receipt = Schema.Struct({ sessionId: SessionId, ...TurnReceipt.fields })

/**
 * Says something and prints what it has become once it is stored.
 */
export const printReceipt = Effect.fnUntraced(function*(session: Session, input: SendInput, json: boolean) {
  const receipt = yield* session.submit(input)
  yield* json
    ? printJson(Receipt, { sessionId: session.id, ...receipt })
    : Console.log(`turn ${receipt.turnId} is stored: ${outcomeText[receipt.outcome]}`)
})

const checkMessage = checkInput(SendMessage)
const text = Args.text({ name: "text" }).pipe(Args.withDescription("What to say"))

/**
 * `send`: one message, one reply.
 */
export const send = Command.make(
  "send",
  {
    ...connectionOptions,
    ...sessionOptions,
    ...sendOptions,
    key: Options.text("key").pipe(
      Options.withDescription("Makes the command repeatable: with the same key it shows the same turn"),
      Options.optional
    ),
    noWait: Options.boolean("no-wait").pipe(
      Options.withDescription("Print a receipt once the message is stored, and do not wait for the reply")
    ),
    json,
    text
  },
  Effect.fnUntraced(
    function*(options) {
      // Before a session is started for it: what cannot be said should leave none behind.
      const message = yield* checkMessage(toSendMessage(options.text, options.key, options))
      const session = yield* startSession(options)
      yield* options.noWait
        ? printReceipt(session, message, options.json)
        : printTurn(session, message, options.json)
      if (Option.isNone(options.session) && !options.json) {
        yield* Console.error(`(go on with: --session ${session.id})`)
      }
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Say something and print the reply"))
