import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { JsonRecord } from "../domain/Json.js"
import { SessionInfo } from "../domain/Session.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { fallbackOption, json, sessionId } from "./options.js"
import { printJson } from "./output.js"
import { messageIdAt } from "./sessions.js"
import { visible } from "./text.js"

const decodePatch = Schema.decodeEither(Schema.parseJson(JsonRecord))

/**
 * `configure`: another provider or model for a session, other fallbacks, or other settings.
 */
export const configure = Command.make(
  "configure",
  {
    ...connectionOptions,
    provider: Options.text("provider").pipe(Options.withDescription("Who answers from now on"), Options.optional),
    model: Options.text("model").pipe(Options.withDescription("And which model of it"), Options.optional),
    config: Options.text("config").pipe(
      Options.withDescription(
        "Settings of the provider to change, as JSON such as '{\"maxTokens\":500}'; null removes one"
      ),
      Options.filterMap((text) => Either.getRight(decodePatch(text)), "--config must be a JSON object"),
      Options.optional
    ),
    fallback: fallbackOption,
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*({ config, fallback, json, model, provider, sessionId }) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
      const info = yield* session.configure({
        ...(Option.isSome(provider) && { provider: provider.value }),
        ...(Option.isSome(model) && { model: model.value }),
        ...(Option.isSome(config) && { providerConfig: config.value }),
        ...(fallback.length > 0 && { fallbacks: fallback })
      })
      yield* json
        ? printJson(SessionInfo, info)
        : Console.log(visible(`The session is answered by ${info.provider}/${info.model}.`))
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Change who answers a session, and how"))

/**
 * `fork`: starts another session with the same history up to a message, and prints its id.
 */
export const fork = Command.make(
  "fork",
  {
    ...connectionOptions,
    at: Options.text("at").pipe(
      Options.withDescription("The last message that both share, by its number or its id; the latest if left out"),
      Options.optional
    ),
    user: Options.text("user").pipe(
      Options.withDescription("Whose session it is; the same user's if left out"),
      Options.optional
    ),
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*({ at, json, sessionId, user }) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
      const forked = yield* session.fork({
        ...(Option.isSome(at) && { at: yield* messageIdAt(session, at.value) }),
        ...(Option.isSome(user) && { userId: user.value })
      })
      yield* json ? printJson(SessionInfo, yield* forked.info) : Console.log(forked.id)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Start another session with the same history, up to a message"))

/**
 * `reactivate`: lets a session that was archived, or that failed too often, take messages again.
 */
export const reactivate = Command.make(
  "reactivate",
  { ...connectionOptions, json, sessionId },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      yield* session.reactivate
      yield* options.json
        ? printJson(SessionInfo, yield* session.info)
        : Console.log("The session takes messages again.")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Let an archived or failed session take messages again"))

/**
 * `rewind`: takes the messages after one out of a session's history.
 */
export const rewind = Command.make(
  "rewind",
  {
    ...connectionOptions,
    to: Options.text("to").pipe(
      Options.withDescription("The message that is the last one afterwards, by its number or its id")
    ),
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*({ json, sessionId, to }) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
      yield* session.rewind({ to: yield* messageIdAt(session, to) })
      yield* json
        ? printJson(SessionInfo, yield* session.info)
        : Console.log("Rewound. What was taken out can be read with messages --rewound.")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Take the messages after one out of a session's history"))
