import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { JsonRecord } from "../domain/JsonRecord.js"
import { SessionInfo } from "../domain/SessionInfo.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { fallbackOption } from "./fallbackOption.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"
import { visible } from "./visible.js"

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
