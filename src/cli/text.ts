import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import type { Usage } from "../domain/Analytics.js"
import type { SessionEvent } from "../domain/Events.js"
import type { Message, Part } from "../domain/Message.js"
import type { SearchHit } from "../domain/Search.js"
import type { SendOutcome } from "../domain/Send.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { MiddlewareSkipped, TurnNotice } from "../domain/Turn.js"
import { escapeCharacters } from "../services/internal/escapeText.js"

const units = ["bytes", "KiB", "MiB", "GiB", "TiB"]

/**
 * A size for people: `3.2 MiB`.
 */
export const bytesText = (bytes: number, [unit = "", ...larger] = units): string =>
  bytes < 1024 || larger.length === 0
    ? `${unit === "bytes" ? bytes : bytes.toFixed(1)} ${unit}`
    : bytesText(bytes / 1024, larger)

/**
 * A count with its noun: `1 session`, `2 sessions`.
 */
export const countText = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

/**
 * A cost in words. Calls without a known price are named, so that a partial sum never looks like the whole.
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
 * Parts as one text; parts that are no text by their names.
 */
export const partsText = (parts: ReadonlyArray<Part>): string => {
  const texts = parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
  const others = parts.filter((part) => part._tag !== "Text").map((part) => `[${part._tag}]`)
  return [texts, ...others].filter((text) => text !== "").join(" ")
}

/**
 * A message with its number and role. `text` replaces its content.
 */
export const messageText = ({ finishReason, parts, role, seq }: Message, text = partsText(parts)): string =>
  `${seq} ${role}${finishReason === "cut" ? " (cut)" : ""}: ${text}`

/**
 * A notice of a turn in words.
 */
export const noticeText = (notice: TurnNotice): string => {
  switch (notice._tag) {
    case "AttemptFailed": {
      const { error, model, provider } = notice.attempt
      return `${provider}/${model} failed, and the next model is called: ${error?.message ?? "the reply broke off"}`
    }
    case "CircuitOpen":
      return `${notice.provider}/${notice.model} failed too often and was not called; it can be called again in ${
        Math.ceil(notice.retryAfterMs / 1000)
      } s`
    case "HistoryReplayed":
      return `${notice.provider} had lost the conversation and was sent all of it again`
    case "HistoryTrimmed":
      return `the history is too long for ${notice.provider}/${notice.model}; the oldest ${notice.messages} messages were left out`
    case "PartsOmitted":
      return `${notice.provider}/${notice.model} was not sent all parts; it does not support: ${
        notice.kinds.join(", ")
      }`
    case "MiddlewareSkipped":
      return `middleware "${notice.middleware}" was skipped at ${notice.stage}: ${skipReasons[notice.reason]}`
  }
}

const skipReasons: Record<MiddlewareSkipped["reason"], string> = {
  refused: "it refused, and is optional",
  timedOut: "it took too long",
  wrongAnswer: "its result was invalid",
  failed: "it failed"
}

/**
 * An event in words.
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
      return `session failed: ${event.reason}`
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
      return `turn ${event.turnId} was edited`
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
      return `session uses ${event.provider}/${event.model} now`
  }
}

/**
 * Text that is safe to print on a terminal: control characters other than line breaks and tabs, and characters that reorder
 * text, are escaped.
 */
export const visible = (text: string): string =>
  text.replaceAll(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)

/**
 * The same for JSON, whose value stays the same.
 */
export const visibleJson = (json: string): string => escapeCharacters(json, hidden)

const hidden = /[^\P{C}\n\t]/gu

/**
 * A search hit on one line. The only control characters are those that `bold` puts around a match.
 */
export const hitText = (hit: SearchHit, bold: (text: string) => string): string => {
  const place = hit._tag === "Message" ? `${hit.seq} ${hit.role}` : "name"
  const snippet = hit.snippet.map(({ match, text }) => {
    const shown = visible(text.replaceAll(/\s+/g, " "))
    return match ? bold(shown) : shown
  })
  return `${visible(hit.sessionId)}  ${DateTime.formatIso(hit.at)}  ${place}: ${snippet.join("")}`
}

/**
 * The outcome of a send in words.
 */
export const outcomeText: Readonly<Record<SendOutcome, string>> = {
  started: "its turn runs",
  queued: "it waits for earlier turns",
  interrupted: "the running turn is stopped for it",
  rolledBack: "the running turn is rolled back for it",
  steered: "it waits to join the running turn",
  joined: "its key is known: this is the turn of an earlier send"
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
 * Usage as a table for people. Only the last column is not padded.
 */
export const usageTable = (rows: ReadonlyArray<Row>): string => {
  const lines = [
    ["", ...columns.map(([name]) => name)],
    ...rows.map(({ key, usage }) => [key.replaceAll(/\s+/g, " "), ...columns.map(([, of]) => of(usage))])
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
