import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { DeadLetter } from "../domain/DeadLetter.js"
import { Page } from "../domain/Page.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { countText } from "./countText.js"
import { deadLetterOptions, toDeadLetterQuery } from "./deadLetterOptions.js"
import { json } from "./json.js"
import { pageOptions, toPageQuery } from "./page.js"
import { printJson } from "./printJson.js"
import { visible } from "./visible.js"

/**
 * `dead-letters`: what hooks have given up on.
 */
export const deadLetters = Command.make(
  "dead-letters",
  { ...connectionOptions, ...pageOptions, ...deadLetterOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const page = yield* sessions.deadLetters({ ...toPageQuery(options), ...toDeadLetterQuery(options) })
      if (options.json) return yield* printJson(Page(DeadLetter), page)
      if (page.items.length === 0) yield* Console.error("No dead letters.")
      yield* Effect.forEach(page.items, (letter) => Console.log(toLine(letter)), { discard: true })
      if (page.next !== undefined) yield* Console.error(`(more: --cursor ${page.next})`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("List the events that hooks have given up on; replay tells them again"))

const toLine = ({ at, attempts, event, hook, number, reason, sessionId }: DeadLetter): string =>
  visible([
    hook,
    sessionId,
    `${number} ${event}`,
    DateTime.formatIso(at),
    `${reason} after ${countText(attempts, "attempt")}`
  ].join("  "))
