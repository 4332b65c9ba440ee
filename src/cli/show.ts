import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SessionContext } from "../domain/SessionContext.js"
import { SessionInfo } from "../domain/SessionInfo.js"
import { averageResponseTimeMs, SessionMetrics, totalTokens } from "../domain/SessionMetrics.js"
import { isTerminal, Turn } from "../domain/Turn.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { costText } from "./costText.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"
import { visible } from "./visible.js"

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
