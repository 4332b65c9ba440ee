import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Message } from "../domain/Message.js"
import { Page } from "../domain/Page.js"
import { Role } from "../domain/Role.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { messageText } from "./messageText.js"
import { pageOptions, toPageQuery } from "./page.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"
import { visible } from "./visible.js"

/**
 * `messages`: a session's history.
 */
export const messages = Command.make(
  "messages",
  {
    ...connectionOptions,
    ...pageOptions,
    json,
    newest: Options.boolean("newest").pipe(Options.withDescription("The latest first")),
    rewound: Options.boolean("rewound").pipe(Options.withDescription("With what was rewound")),
    role: Options.choice("role", Role.literals).pipe(Options.withDescription("Only this role's"), Options.optional),
    sessionId
  },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      const page = yield* session.messages({
        ...toPageQuery(options),
        order: options.newest ? "newest" : "oldest",
        rewound: options.rewound,
        ...(Option.isSome(options.role) && { role: options.role.value })
      })
      if (options.json) return yield* printJson(Page(Message), page)
      yield* Effect.forEach(page.items, (message) => Console.log(visible(messageText(message))), { discard: true })
      if (page.next !== undefined) yield* Console.error(`(more: --cursor ${page.next})`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Print a session's messages"))
