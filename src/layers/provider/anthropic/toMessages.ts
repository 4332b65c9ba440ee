import type { ContentBlockParam, MessageParam, TextBlockParam } from "@anthropic-ai/sdk/resources/messages/messages"
import type { Message } from "../../../domain/Message.js"
import type { Part } from "../../../domain/Part.js"
import { toBlock } from "./toBlock.js"
import { turnsOf, type VendorTurn } from "./turnsOf.js"

/**
 * A history in the vendor's format: `top` belongs in the system prompt.
 */
export interface VendorHistory {
  readonly top: ReadonlyArray<TextBlockParam>
  readonly messages: Array<MessageParam>
}

/**
 * Translates a history. System messages stay where they were said, unless all are to go to the top: put there later, they
 * would change the beginning of all that the vendor's cache holds.
 */
export const toMessages = (history: ReadonlyArray<Message>, systemMessages: "inPlace" | "top"): VendorHistory => {
  const { top, turns } = turnsOf(history)
  const atTop = systemMessages === "top" ? turns.flatMap(({ system }) => system) : []
  const messages = turns.flatMap((turn, index): ReadonlyArray<MessageParam> => {
    const said: MessageParam = { role: turn.role, content: contentOf(turn, turns[index - 1], turns[index + 1]) }
    return turn.system.length === 0 || systemMessages === "top"
      ? [said]
      : [said, { role: "system", content: turn.system.map(textBlock) }]
  })
  return { top: [...top, ...atTop].map(textBlock), messages }
}

/** A call and its result must stand in turns next to each other, the result first. What has no counterpart there becomes text. */
const contentOf = (
  turn: VendorTurn,
  before: VendorTurn | undefined,
  after: VendorTurn | undefined
): Array<ContentBlockParam> => {
  if (turn.role === "user") {
    const open = idsOf("ToolCall", before)
    const [results, rest] = partition(turn.parts, (part) => part._tag === "ToolResult" && open.delete(part.id))
    return [
      ...results.flatMap((part) => toBlock(part, "user", true)),
      ...rest.flatMap((part) => toBlock(part, "user", false))
    ]
  }
  const answered = idsOf("ToolResult", after)
  const blocks = turn.parts.flatMap((part) =>
    toBlock(part, "assistant", part._tag === "ToolCall" && answered.delete(part.id))
  )
  return after === undefined ? blocks.map(withoutSpaceAtEnd) : blocks
}

const idsOf = (tag: "ToolCall" | "ToolResult", turn: VendorTurn | undefined): Set<string> =>
  new Set(turn?.parts.flatMap((part) => (part._tag === tag ? [part.id] : [])))

const partition = (parts: ReadonlyArray<Part>, isFirst: (part: Part) => boolean) => {
  const sides: [Array<Part>, Array<Part>] = [[], []]
  for (const part of parts) sides[isFirst(part) ? 0 : 1].push(part)
  return sides
}

/** A reply to go on with must not end in blank space. */
const withoutSpaceAtEnd = (
  block: ContentBlockParam,
  index: number,
  blocks: ReadonlyArray<ContentBlockParam>
): ContentBlockParam =>
  block.type === "text" && index === blocks.length - 1 ? { ...block, text: block.text.trimEnd() } : block

const textBlock = (text: string): TextBlockParam => ({ type: "text", text })
