import type { Usage } from "../domain/Usage.js"
import { costText } from "./costText.js"

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
