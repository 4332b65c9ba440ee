import type { Message } from "../../../domain/Message.js"
import { estimateTokens } from "./estimateTokens.js"

/**
 * How much of a history a provider is shown at most.
 */
export interface ViewLimits {
  readonly messages: number
  /** As `estimateTokens` counts. */
  readonly tokens: number
}

/**
 * The latest part of a history that keeps to the limits. It always holds the last message, and never a tool's result without
 * its call: rather than that, it is shorter, or, where the last message brings the result, longer.
 */
export const viewOf = (history: ReadonlyArray<Message>, { messages, tokens }: ViewLimits): ReadonlyArray<Message> => {
  const last = history.length - 1
  let start = last
  let size = 0
  for (let index = last; index >= 0 && index > last - messages; index--) {
    size += estimateTokens(history[index]?.parts ?? [])
    if (size > tokens && index < last) break
    start = Math.max(0, index)
  }
  start = withoutOrphans(history, start)
  return start === 0 ? history : history.slice(start)
}

/** From where on each result has its call. */
const withoutOrphans = (history: ReadonlyArray<Message>, from: number): number => {
  const last = history.length - 1
  const calls = new Set<string>()
  let start = from
  for (let index = from; index <= last; index++) {
    for (const part of history[index]?.parts ?? []) {
      if (part._tag === "ToolCall") calls.add(part.id)
      if (part._tag !== "ToolResult" || calls.has(part.id)) continue
      if (index < last) start = index + 1
      else start = Math.min(start, callOf(history, part.id) ?? start)
    }
  }
  return start
}

const callOf = (history: ReadonlyArray<Message>, id: string): number | undefined => {
  const index = history.findLastIndex(({ parts }) => parts.some((part) => part._tag === "ToolCall" && part.id === id))
  return index === -1 ? undefined : index
}
