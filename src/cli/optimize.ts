import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { StoreOptimization } from "../domain/StoreOptimization.js"
import { SessionManager } from "../services/SessionManager.js"
import { bytesText } from "./bytesText.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"

/**
 * `optimize`: has the store give back what it does not need, while the server serves.
 */
export const optimize = Command.make(
  "optimize",
  { ...connectionOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const done = yield* Effect.flatMap(SessionManager, (sessions) => sessions.optimize)
      yield* options.json
        ? printJson(StoreOptimization, done)
        : Console.log(`The store took ${bytesText(done.bytesBefore)}, and takes ${bytesText(done.bytesAfter)}.`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Give back the space that the store does not need, while it is used"))
