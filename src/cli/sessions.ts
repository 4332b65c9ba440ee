import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { MessageNotFound } from "../domain/error/SessionError.js"
import { Message, type MessageQuery } from "../domain/Message.js"
import { ProviderInfo } from "../domain/Provider.js"
import { SearchHit } from "../domain/Search.js"
import { SessionInfo } from "../domain/Session.js"
import { SessionContext } from "../domain/SessionContext.js"
import { averageResponseTimeMs, SessionMetrics, totalTokens } from "../domain/SessionMetrics.js"
import { isTerminal, Turn } from "../domain/Turn.js"
import type { Session } from "../services/Session.js"
import { SessionManager } from "../services/SessionManager.js"
import { sessionCommand } from "./connection.js"
import { json, moment, pageOptions, role, sessionId, status, toPageQuery } from "./options.js"
import { printItems, printJson, printPage } from "./output.js"
import { argument, flag, option, repeatedOption, text } from "./parameters.js"
import { boldStyle, print } from "./Streams.js"
import { costText, hitText, messageText, visible } from "./text.js"

/**
 * `list`: sessions, newest first.
 */
export const list = sessionCommand(
  {
    options: {
      user: option("user", text("USER"), "Only sessions of this user"),
      provider: option("provider", text("PROVIDER"), "Only sessions with this provider"),
      status,
      tag: repeatedOption("tag", text("TAG"), "Only sessions with this tag; may be repeated"),
      ...pageOptions,
      json
    },
    arguments: {}
  },
  Effect.fnUntraced(function*(options) {
    const sessions = yield* SessionManager
    const page = yield* sessions.search({
      ...toPageQuery(options),
      ...(Option.isSome(options.user) && { userId: options.user.value }),
      ...(Option.isSome(options.provider) && { provider: options.provider.value }),
      ...(Option.isSome(options.status) && { status: options.status.value }),
      ...(options.tag.length > 0 && { tags: options.tag })
    })
    yield* printPage({ page, item: SessionInfo, json: options.json, toLine: sessionLine, none: "No sessions." })
  })
)

const sessionLine = ({ createdAt, id, messageCount, model, provider, status, userId }: SessionInfo): string =>
  visible([
    id,
    status.padEnd(8),
    DateTime.formatIso(createdAt),
    `${messageCount} messages`.padStart(14),
    `${provider}/${model}`,
    userId
  ].join("  "))

/**
 * `messages`: a session's history.
 */
export const messages = sessionCommand(
  {
    options: {
      newest: flag("newest", "Newest first. Default: oldest first"),
      rewound: flag("rewound", "Include the messages that rewind removed"),
      role,
      ...pageOptions,
      json
    },
    arguments: { sessionId }
  },
  Effect.fnUntraced(function*(options) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
    const page = yield* session.messages({
      ...toPageQuery(options),
      order: options.newest ? "newest" : "oldest",
      rewound: options.rewound,
      ...(Option.isSome(options.role) && { role: options.role.value })
    })
    yield* printPage({ page, item: Message, json: options.json, toLine: (message) => visible(messageText(message)) })
  })
)

/**
 * The id of the message with this number in the history, as `messages` prints it. Text that is no number is taken for an id.
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

const newestFirst: typeof MessageQuery.Encoded = { order: "newest", limit: 500 }

/**
 * `search`: messages and session names that contain some words. On a terminal, the matches are bold.
 */
export const search = sessionCommand(
  {
    options: {
      user: option("user", text("USER"), "Only sessions of this user"),
      session: option("session", text("ID"), "Only this session"),
      role,
      since: moment("since", "Only what was written at this time or later"),
      ...pageOptions,
      json
    },
    arguments: {
      text: argument(text("TEXT"), "Words that must all occur; \"quoted\" words as a phrase; begin* for a prefix")
    }
  },
  Effect.fnUntraced(function*(options) {
    const sessions = yield* SessionManager
    const page = yield* sessions.searchMessages({
      ...toPageQuery(options),
      text: options.text,
      ...(Option.isSome(options.user) && { userId: options.user.value }),
      ...(Option.isSome(options.session) && { sessionId: options.session.value }),
      ...(Option.isSome(options.role) && { role: options.role.value }),
      ...(Option.isSome(options.since) && { since: options.since.value })
    })
    const bold = yield* boldStyle
    yield* printPage({
      page,
      item: SearchHit,
      json: options.json,
      toLine: (hit) => hitText(hit, bold),
      none: "Nothing found."
    })
  })
)

/**
 * `providers`: the providers of the server, and what each can do. As JSON, with their settings.
 */
export const providers = sessionCommand(
  { options: { json }, arguments: {} },
  Effect.fnUntraced(function*(options) {
    const all = yield* Effect.flatMap(SessionManager, (sessions) => sessions.listProviders)
    yield* options.json
      ? printJson(Schema.Array(ProviderInfo), all)
      : printItems(all, (provider) => visible(providerLine(provider)))
  })
)

const providerLine = ({ capabilities: { conversation, files, images, tools }, name }: ProviderInfo): string =>
  [
    name.padEnd(12),
    conversation === "cursor" ? "can keep the conversation" : "is sent the history      ",
    `images: ${images.join(" ") || "none"}`,
    `files: ${files.join(" ") || "none"}`,
    `tools: ${tools ? "yes" : "no"}`
  ].join("  ")

/**
 * `show`: a session's settings, context and metrics.
 */
export const show = sessionCommand(
  { options: { json }, arguments: { sessionId } },
  Effect.fnUntraced(function*(options) {
    const handle = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
    const shown = yield* Effect.all({
      session: handle.info,
      context: handle.context,
      metrics: handle.metrics,
      openTurns: Effect.map(handle.turns, (turns) => turns.filter(({ status }) => !isTerminal(status)).toReversed())
    })
    yield* options.json ? printJson(Shown, shown) : print(shownText(shown))
  })
)

const Shown = Schema.Struct({
  session: SessionInfo,
  context: SessionContext,
  metrics: SessionMetrics,
  /** Those of the latest 50 turns that have not ended, oldest first. */
  openTurns: Schema.Array(Turn)
})

const shownText = ({ context, metrics, openTurns, session }: typeof Shown.Type): string =>
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
    "open turns": openTurnsText(openTurns),
    tokens: `${totalTokens(metrics)} (${metrics.inputTokens} in, ${metrics.outputTokens} out)`,
    fallbacks: session.config.fallbacks?.map(({ model, provider }) => `${provider}/${model}`).join(", "),
    "kept as": session.cursor && `${session.cursor.value} by ${session.cursor.provider}`,
    cost: costText(metrics),
    "provider calls": `${metrics.providerCalls}, ${metrics.providerErrors} failed`,
    "mean reply": `${averageResponseTimeMs(metrics).toFixed(1)} ms`,
    context: `version ${context.version}`
  })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(15)} ${visible(value ?? "")}`)
    .join("\n")

const openTurnsText = (open: ReadonlyArray<Turn>): string => {
  const waiting = open.filter(({ status }) => status === "accepted").length
  return `${open.length - waiting} running, ${waiting} waiting`
}
