import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Page } from "../domain/Page.js"
import { SessionInfo } from "../domain/SessionInfo.js"
import { SessionStatus } from "../domain/SessionStatus.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { pageOptions, toPageQuery } from "./page.js"
import { printJson } from "./printJson.js"
import { visible } from "./visible.js"

const only = (name: string, description: string) =>
  Options.text(name).pipe(Options.withDescription(description), Options.optional)

/**
 * `list`: the sessions there are, newest first.
 */
export const list = Command.make(
  "list",
  {
    ...connectionOptions,
    ...pageOptions,
    json,
    user: only("user", "Only this user's"),
    provider: only("provider", "Only those with this provider"),
    status: Options.choice("status", SessionStatus.literals).pipe(
      Options.withDescription("Only those with this status"),
      Options.optional
    ),
    tag: Options.text("tag").pipe(
      Options.withDescription("Only those with this tag; may be repeated"),
      Options.repeated
    )
  },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const page = yield* sessions.search({
        ...toPageQuery(options),
        ...(Option.isSome(options.user) && { userId: options.user.value }),
        ...(Option.isSome(options.provider) && { provider: options.provider.value }),
        ...(Option.isSome(options.status) && { status: options.status.value }),
        ...(options.tag.length > 0 && { tags: options.tag })
      })
      if (options.json) return yield* printJson(Page(SessionInfo), page)
      if (page.items.length === 0) yield* Console.error("No sessions.")
      yield* Effect.forEach(page.items, (session) => Console.log(toLine(session)), { discard: true })
      if (page.next !== undefined) yield* Console.error(`(more: --cursor ${page.next})`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("List the sessions, newest first"))

const toLine = ({ createdAt, id, messageCount, model, provider, status, userId }: SessionInfo): string =>
  visible([
    id,
    status.padEnd(8),
    DateTime.formatIso(createdAt),
    `${messageCount} messages`.padStart(14),
    `${provider}/${model}`,
    userId
  ].join("  "))
