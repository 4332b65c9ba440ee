import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import type { Usage } from "../domain/Analytics.js"
import type { SessionEvent } from "../domain/Events.js"
import type { Message, Part } from "../domain/Message.js"
import type { SearchHit } from "../domain/Search.js"
import type { SendOutcome } from "../domain/Send.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { MiddlewareSkipped, TurnNotice } from "../domain/Turn.js"

const units = ["bytes", "KiB", "MiB", "GiB", "TiB"]

/**
 * How much that is, for people: `3.2 MiB`.
 */
export const bytesText = (bytes: number, [unit = "", ...larger] = units): string =>
  bytes < 1024 || larger.length === 0
    ? `${unit === "bytes" ? bytes : bytes.toFixed(1)} ${unit}`
    : bytesText(bytes / 1024, larger)

/**
 * So many of something: `1 session`, `2 sessions`.
 */
export const countText = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

/**
 * What something has cost, in words: never a sum that passes for the whole.
 */
export const costText = (
  { costNanoUsd, unpricedCalls }: Pick<SessionMetrics, "costNanoUsd" | "unpricedCalls">
): string => {
  const known = `$${BigDecimal.format(BigDecimal.normalize(BigDecimal.make(BigInt(costNanoUsd), 9)))}`
  if (unpricedCalls === 0) return known
  const calls = countText(unpricedCalls, "call")
  return costNanoUsd === 0 ? `unknown, for ${calls}` : `${known}, and ${calls} of unknown price`
}

/**
 * Parts as one text, those that are none by their names.
 */
export const partsText = (parts: ReadonlyArray<Part>): string => {
  const texts = parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
  const others = parts.filter((part) => part._tag !== "Text").map((part) => `[${part._tag}]`)
  return [texts, ...others].filter((text) => text !== "").join(" ")
}

/**
 * A message with its place in the history and its role, and in place of what it says another text if that is wanted.
 */
export const messageText = ({ finishReason, parts, role, seq }: Message, text = partsText(parts)): string =>
  `${seq} ${role}${finishReason === "cut" ? " (cut)" : ""}: ${text}`

/**
 * What happened on a turn's way, in words.
 */
export const noticeText = (notice: TurnNotice): string => {
  switch (notice._tag) {
    case "AttemptFailed": {
      const { error, model, provider } = notice.attempt
      return `${provider}/${model} did not answer, and is not the last to be asked: ${error?.message ?? "it broke off"}`
    }
    case "CircuitOpen":
      return `${notice.provider}/${notice.model} has failed too often and was not asked; it is again in ${
        Math.ceil(notice.retryAfterMs / 1000)
      } s`
    case "HistoryReplayed":
      return `${notice.provider} had lost the conversation, and was told all of it again`
    case "HistoryTrimmed":
      return `the history is too long for ${notice.provider}/${notice.model}; its oldest ${notice.messages} messages were left out`
    case "PartsOmitted":
      return `${notice.provider}/${notice.model} was not shown all parts; it does not take: ${notice.kinds.join(", ")}`
    case "MiddlewareSkipped":
      return `middleware "${notice.middleware}" was skipped at ${notice.stage}: ${skipReasons[notice.reason]}`
  }
}

const skipReasons: Record<MiddlewareSkipped["reason"], string> = {
  refused: "it refused, and is optional",
  timedOut: "it took too long",
  wrongAnswer: "its answer was not taken",
  failed: "it failed"
}

/**
 * What has happened, in words.
 */
export const eventText = (event: SessionEvent): string => {
  switch (event._tag) {
    case "SessionCreated": {
      const { forkedFrom, model, provider, userId } = event.session
      const origin = forkedFrom ? `, a fork of ${forkedFrom.sessionId} at message ${forkedFrom.seq}` : ""
      return `session created for ${userId}, with ${provider}/${model}${origin}`
    }
    case "SessionArchived":
      return "session archived"
    case "SessionReactivated":
      return "session reactivated"
    case "SessionErrored":
      return `session failed too often: ${event.reason}`
    case "SessionDeleted":
      return "session deleted"
    case "MessageSent":
    case "MessageReceived":
      return messageText(event.message)
    case "MessagesCleared":
      return "all messages removed"
    case "MessagesRewound":
      return `rewound to message ${event.to}`
    case "ContextUpdated":
      return `context is now version ${event.context.version}`
    case "TurnAccepted":
      return `turn ${event.turnId} accepted`
    case "TurnEdited":
      return `turn ${event.turnId} asks something else`
    case "TurnStarted":
      return `turn ${event.turnId} started`
    case "TurnJoined":
      return `turn ${event.turnId} joined ${event.into}`
    case "TurnCompleted":
      return `turn ${event.turnId} completed`
    case "TurnStopped":
      return `turn ${event.turnId} stopped`
    case "TurnFailed":
      return `turn ${event.turnId} failed: ${event.error.message}`
    case "TurnNoticed":
      return `turn ${event.turnId}: ${noticeText(event.notice)}`
    case "SessionConfigured":
      return `session is answered by ${event.provider}/${event.model} from now on`
  }
}

/**
 * Text that can change nothing on a terminal but what stands on it: control characters other than line breaks and tabs, and
 * those that reorder text, become visible.
 */
export const visible = (text: string): string =>
  text.replaceAll(/[^\P{C}\n\t]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)

/**
 * What a search has found, on one line that only `bold` gives any control characters: those around what was looked for.
 */
export const hitText = (hit: SearchHit, bold: boolean): string => {
  const place = hit._tag === "Message" ? `${hit.seq} ${hit.role}` : "name"
  const snippet = hit.snippet.map(({ match, text }) => {
    const shown = visible(text.replaceAll(/\s+/g, " "))
    return match && bold ? `\u001b[1m${shown}\u001b[22m` : shown
  })
  return `${visible(hit.sessionId)}  ${DateTime.formatIso(hit.at)}  ${place}: ${snippet.join("")}`
}

/**
 * What became of a send, in words.
 */
export const outcomeText: Readonly<Record<SendOutcome, string>> = {
  started: "it is being answered",
  queued: "it waits behind others",
  interrupted: "the running turn is stopped for it",
  rolledBack: "the running turn is taken back for it",
  steered: "it waits to join the running turn",
  joined: "its key was known: this is the turn of an earlier send"
}

interface Row {
  readonly key: string
  readonly usage: Usage
}

const columns: ReadonlyArray<readonly [name: string, of: (usage: Usage) => string]> = [
  ["sessions", ({ sessions }) => grouped(sessions)],
  ["turns", ({ turns }) => grouped(turns)],
  ["not completed", ({ completedTurns, turns }) => grouped(turns - completedTurns)],
  ["messages", ({ totalMessages }) => grouped(totalMessages)],
  ["tokens in", ({ inputTokens }) => grouped(inputTokens)],
  ["tokens out", ({ outputTokens }) => grouped(outputTokens)],
  ["calls", ({ providerCalls }) => grouped(providerCalls)],
  ["call errors", ({ providerErrors }) => grouped(providerErrors)],
  ["p50", ({ latency }) => latency ? time(latency.p50Ms) : "-"],
  ["p95", ({ latency }) => latency ? time(latency.p95Ms) : "-"],
  ["p99", ({ latency }) => latency ? time(latency.p99Ms) : "-"],
  ["cost", costText]
]

/**
 * A table of what was used, a row for each, that a person can read. The last column is free to be long.
 */
export const usageTable = (rows: ReadonlyArray<Row>): string => {
  const lines = [
    ["", ...columns.map(([name]) => name)],
    ...rows.map(({ key, usage }) => [key, ...columns.map(([, of]) => of(usage))])
  ]
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) =>
    line.map((cell, column) => {
      const width = widths[column] ?? 0
      if (column === line.length - 1) return cell
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    }).join("  ")
  ).join("\n")
}

const grouped = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",")

const time = (milliseconds: number): string =>
  milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
