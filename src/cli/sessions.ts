import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { MessageNotFound } from "../domain/error/SessionError.js"
import { Message, type MessageQuery, Role } from "../domain/Message.js"
import { Page } from "../domain/Page.js"
import { ProviderInfo } from "../domain/Provider.js"
import { SearchHit } from "../domain/Search.js"
import { SessionInfo, SessionStatus } from "../domain/Session.js"
import { SessionContext } from "../domain/SessionContext.js"
import { averageResponseTimeMs, SessionMetrics, totalTokens } from "../domain/SessionMetrics.js"
import { isTerminal, Turn } from "../domain/Turn.js"
import type { Session } from "../services/Session.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json, pageOptions, sessionId, toPageQuery } from "./options.js"
import { printJson } from "./output.js"
import { costText, hitText, messageText, visible } from "./text.js"

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

const newestFirst: typeof MessageQuery.Encoded = { order: "newest", limit: 500 }

/**
 * The id of a message that is named by its number in the history, as `messages` prints it, or by the id itself.
 */
export const messageIdAt = Effect.fnUntraced(function*(session: Session, place: string) {
  if (!/^\d{1,15}$/.test(place)) return place
  const messages = Stream.paginateEffect(newestFirst, (query) =>
    Effect.map(
      session.messages(query),
      ({ items, next }) => [items, Option.map(Option.fromNullable(next), (cursor) => ({ ...newestFirst, cursor }))]
    ))
  const found = yield* Stream.runHead(
    Stream.filter(Stream.flattenIterables(messages), ({ seq }) => seq === Number(place))
  )
  if (Option.isNone(found)) return yield* new MessageNotFound({ sessionId: session.id, messageId: place })
  return found.value.id
})

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

/**
 * `providers`: who can answer a session, and what each of them can do. As JSON with what they may be configured with.
 */
export const providers = Command.make(
  "providers",
  { ...connectionOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const all = yield* Effect.flatMap(SessionManager, (sessions) => sessions.listProviders)
      yield* options.json
        ? printJson(Schema.Array(ProviderInfo), all)
        : Effect.forEach(all, (provider) => Console.log(visible(toLineProviders(provider))), { discard: true })
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("List the providers, and what each can do"))

const toLineProviders = ({ capabilities: { conversation, files, images, tools }, name }: ProviderInfo): string =>
  [
    name.padEnd(12),
    conversation === "cursor" ? "may hold the conversation" : "is sent the history      ",
    `images: ${images.join(" ") || "none"}`,
    `files: ${files.join(" ") || "none"}`,
    `tools: ${tools ? "yes" : "no"}`
  ].join("  ")

const onlySearch = (name: string, description: string) =>
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
    user: onlySearch("user", "Only in this user's sessions"),
    session: onlySearch("session", "Only in this session"),
    role: Options.choice("role", Role.literals).pipe(Options.withDescription("Only this role's"), Options.optional),
    since: onlySearch("since", "Only what was said at this moment or later, such as 2026-01-31T12:00:00Z"),
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

const Shown = Schema.Struct({
  session: SessionInfo,
  context: SessionContext,
  metrics: SessionMetrics,
  /** Of the latest 50 turns those that have not ended, in the order they were accepted. */
  openTurns: Schema.Array(Turn)
})
type Shown = typeof Shown.Type

/**
 * `show`: all about a session but its messages.
 */
export const show = Command.make(
  "show",
  { ...connectionOptions, json, sessionId },
  Effect.fnUntraced(
    function*(options) {
      const handle = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      const shown = yield* Effect.all({
        session: handle.info,
        context: handle.context,
        metrics: handle.metrics,
        openTurns: Effect.map(handle.turns, (turns) => turns.filter(({ status }) => !isTerminal(status)).toReversed())
      })
      yield* options.json ? printJson(Shown, shown) : Console.log(toText(shown))
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Show a session's settings, context and metrics"))

const toText = ({ context, metrics, openTurns, session }: Shown): string =>
  Object.entries({
    id: session.id,
    user: session.userId,
    model: `${session.provider}/${session.model}`,
    status: session.status,
    "forked from": session.forkedFrom && `${session.forkedFrom.sessionId}, at message ${session.forkedFrom.seq}`,
    name: session.config.name,
    tags: session.config.tags?.join(", "),
    created: DateTime.formatIso(session.createdAt),
    "last active": DateTime.formatIso(session.lastActivityAt),
    messages: `${session.messageCount} now, ${metrics.totalMessages} in all`,
    "open turns": toCounts(openTurns),
    tokens: `${totalTokens(metrics)} (${metrics.inputTokens} in, ${metrics.outputTokens} out)`,
    fallbacks: session.config.fallbacks?.map(({ model, provider }) => `${provider}/${model}`).join(", "),
    "held as": session.cursor && `${session.cursor.value} by ${session.cursor.provider}`,
    cost: costText(metrics),
    "provider calls": `${metrics.providerCalls}, ${metrics.providerErrors} failed`,
    "mean reply": `${averageResponseTimeMs(metrics).toFixed(1)} ms`,
    context: `version ${context.version}`
  })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(15)} ${visible(value ?? "")}`)
    .join("\n")

const toCounts = (open: ReadonlyArray<Turn>): string => {
  const waiting = open.filter(({ status }) => status === "accepted").length
  return `${open.length - waiting} running, ${waiting} waiting`
}
