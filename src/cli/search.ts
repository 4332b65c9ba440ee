import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Page } from "../domain/Page.js"
import { Role } from "../domain/Role.js"
import { SearchHit } from "../domain/SearchHit.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { hitText } from "./hitText.js"
import { json } from "./json.js"
import { pageOptions, toPageQuery } from "./page.js"
import { printJson } from "./printJson.js"

const only = (name: string, description: string) =>
  Options.text(name).pipe(Options.withDescription(description), Options.optional)

/**
 * `search`: what was said, in all sessions. What was looked for is bold on a terminal, and there only.
 */
export const search = Command.make(
  "search",
  {
    ...connectionOptions,
    ...pageOptions,
    json,
    user: only("user", "Only in this user's sessions"),
    session: only("session", "Only in this session"),
    role: Options.choice("role", Role.literals).pipe(Options.withDescription("Only this role's"), Options.optional),
    since: only("since", "Only what was said at this moment or later, such as 2026-01-31T12:00:00Z"),
    text: Args.text({ name: "text" }).pipe(
      Args.withDescription("All of these words; \"words in quotes\" as they stand; begin* for what a word begins with")
    )
  },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const page = yield* sessions.searchMessages({
        ...toPageQuery(options),
        text: options.text,
        ...(Option.isSome(options.user) && { userId: options.user.value }),
        ...(Option.isSome(options.session) && { sessionId: options.session.value }),
        ...(Option.isSome(options.role) && { role: options.role.value }),
        ...(Option.isSome(options.since) && { since: options.since.value })
      })
      if (options.json) return yield* printJson(Page(SearchHit), page)
      if (page.items.length === 0 && page.next === undefined) yield* Console.error("Nothing found.")
      const bold = process.stdout.isTTY
      yield* Effect.forEach(page.items, (hit) => Console.log(hitText(hit, bold)), { discard: true })
      if (page.next !== undefined) yield* Console.error(`(more: --cursor ${page.next})`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Search what was said, and names of sessions, the latest first"))
