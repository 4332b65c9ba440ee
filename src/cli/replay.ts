import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { ReplayOutcome } from "../domain/ReplayDeadLetters.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { deadLetterOptions, toDeadLetterQuery } from "./deadLetterOptions.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"

/**
 * `replay`: tells hooks again of what they have given up on.
 */
export const replay = Command.make(
  "replay",
  {
    ...connectionOptions,
    ...deadLetterOptions,
    json,
    limit: Options.integer("limit").pipe(Options.withDescription("How many, 1,000 at most"), Options.withDefault(100))
  },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const outcome = yield* sessions.replayDeadLetters({ limit: options.limit, ...toDeadLetterQuery(options) })
      yield* options.json ? printJson(ReplayOutcome, outcome) : Console.log(toText(outcome))
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Tell hooks again of the events that they have given up on"))

const toText = ({ failed, gone, told, unknown }: ReplayOutcome): string =>
  [
    `${told} told`,
    ...(failed > 0 ? [`${failed} failed again`] : []),
    ...(unknown > 0 ? [`${unknown} kept, for there is no such hook now`] : []),
    ...(gone > 0 ? [`${gone} gone, for what they tell of was cleared`] : [])
  ].join(", ")
