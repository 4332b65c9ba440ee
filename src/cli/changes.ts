import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { JsonRecord } from "../domain/Json.js"
import { SessionInfo } from "../domain/Session.js"
import { SessionManager } from "../services/SessionManager.js"
import { sessionCommand } from "./connection.js"
import { fallback, json, sessionId } from "./options.js"
import { printJson } from "./output.js"
import { option, type Reader, requiredOption, text } from "./parameters.js"
import { messageIdAt } from "./sessions.js"
import { print } from "./Streams.js"
import { visible } from "./text.js"

const decodePatch = Schema.decodeOption(Schema.parseJson(JsonRecord))

const jsonObject: Reader<JsonRecord> = {
  placeholder: "JSON",
  expected: "a JSON object",
  read: (text) => decodePatch(text)
}

/**
 * `configure`: changes a session's provider, model, fallbacks or provider settings.
 */
export const configure = sessionCommand(
  {
    options: {
      provider: option("provider", text("PROVIDER"), "Provider from the next turn on"),
      model: option("model", text("MODEL"), "Model from the next turn on"),
      config: option(
        "config",
        jsonObject,
        "Provider settings to change, such as '{\"maxTokens\":500}'; null removes a setting"
      ),
      fallback,
      json
    },
    arguments: { sessionId }
  },
  Effect.fnUntraced(function*({ config, fallback, json, model, provider, sessionId }) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
    const info = yield* session.configure({
      ...(Option.isSome(provider) && { provider: provider.value }),
      ...(Option.isSome(model) && { model: model.value }),
      ...(Option.isSome(config) && { providerConfig: config.value }),
      ...(fallback.length > 0 && { fallbacks: fallback })
    })
    yield* json
      ? printJson(SessionInfo, info)
      : print(visible(`${info.provider}/${info.model} answers the session now.`))
  })
)

/**
 * `fork`: starts a session with the same history up to a message, and prints its id.
 */
export const fork = sessionCommand(
  {
    options: {
      at: option("at", text("MESSAGE"), "Last message that both share: its number or id. Default: the latest"),
      user: option("user", text("USER"), "User of the new session. Default: the same user"),
      json
    },
    arguments: { sessionId }
  },
  Effect.fnUntraced(function*({ at, json, sessionId, user }) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
    const forked = yield* session.fork({
      ...(Option.isSome(at) && { at: yield* messageIdAt(session, at.value) }),
      ...(Option.isSome(user) && { userId: user.value })
    })
    yield* json ? printJson(SessionInfo, yield* forked.info) : print(forked.id)
  })
)

/**
 * `reactivate`: lets a session that was archived, or that failed too often, take messages again.
 */
export const reactivate = sessionCommand(
  { options: { json }, arguments: { sessionId } },
  Effect.fnUntraced(function*({ json, sessionId }) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
    yield* session.reactivate
    yield* json ? printJson(SessionInfo, yield* session.info) : print("The session takes messages again.")
  })
)

/**
 * `rewind`: removes the messages after one from a session's history.
 */
export const rewind = sessionCommand(
  {
    options: {
      to: requiredOption("to", text("MESSAGE"), "Message that becomes the last one: its number or id"),
      json
    },
    arguments: { sessionId }
  },
  Effect.fnUntraced(function*({ json, sessionId, to }) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
    yield* session.rewind({ to: yield* messageIdAt(session, to) })
    yield* json
      ? printJson(SessionInfo, yield* session.info)
      : print("Rewound. To read the removed messages, use messages --rewound.")
  })
)
