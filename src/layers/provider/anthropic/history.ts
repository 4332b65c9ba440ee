import type { ContentBlockParam, MessageParam, TextBlockParam } from "@anthropic-ai/sdk/resources/messages/messages"
import * as Option from "effect/Option"
import type { Message, Part, Role } from "../../../domain/Message.js"
import { omittedText } from "../../../services/Provider.js"
import { readBlock, toBlock } from "./blocks.js"

/**
 * A history in the vendor's format. `top` belongs in the system prompt.
 */
interface VendorHistory {
  readonly top: ReadonlyArray<TextBlockParam>
  readonly messages: Array<MessageParam>
}

/**
 * Translates a history. System messages stay in place by default: a new one at the top would invalidate the vendor's prompt
 * cache.
 */
export const toMessages = (history: ReadonlyArray<Message>, systemMessages: "inPlace" | "top"): VendorHistory => {
  const { top, turns } = toTurns(history)
  const atTop = systemMessages === "top" ? turns.flatMap(({ system }) => system) : []
  const messages = turns.flatMap((turn, index): ReadonlyArray<MessageParam> => {
    const message: MessageParam = { role: turn.role, content: toContent(turn, turns[index - 1], turns[index + 1]) }
    return turn.system.length === 0 || systemMessages === "top"
      ? [message]
      : [message, { role: "system", content: turn.system.map(textBlock) }]
  })
  return { top: [...top, ...atTop].map(textBlock), messages }
}

/**
 * A tool call and its result must be in adjacent turns, the result first in its own. Without its counterpart, a part becomes
 * text.
 */
const toContent = (
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

/** The vendor refuses a final reply that ends in white space. */
const withoutSpaceAtEnd = (
  block: ContentBlockParam,
  index: number,
  blocks: ReadonlyArray<ContentBlockParam>
): ContentBlockParam =>
  block.type === "text" && index === blocks.length - 1 ? { ...block, text: block.text.trimEnd() } : block

const textBlock = (text: string): TextBlockParam => ({ type: "text", text })

/**
 * Consecutive messages of one side.
 */
interface VendorTurn {
  readonly role: "user" | "assistant"
  readonly parts: Array<Part>
  /** System messages that follow it. */
  readonly system: Array<string>
}

/**
 * Groups a history into turns that alternate between user and model, begin with the user, and are not empty. `top` holds the
 * system messages before the first turn.
 *
 * The vendor accepts a system message only directly after a user's turn, with a model's turn or nothing after it. So a system
 * message after a reply, or before tool results, moves to the end of the next user's turn.
 * https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
 */
const toTurns = (
  messages: ReadonlyArray<Message>
): { readonly top: ReadonlyArray<string>; readonly turns: ReadonlyArray<VendorTurn> } => {
  const top: Array<string> = []
  const turns: Array<VendorTurn> = []
  let waiting: Array<string> = []
  const add = (role: VendorTurn["role"], parts: ReadonlyArray<Part>) => {
    const last = turns.at(-1)
    if (last?.role === role) return void last.parts.push(...parts)
    turns.push({ role, parts: [...parts], system: role === "user" ? waiting : [] })
    if (role === "user") waiting = []
  }

  for (const { parts, role } of messages) {
    const sendable = parts.filter((part) => isSendable(part, role))
    if (role === "system") {
      const last = turns.at(-1)
      const place = last === undefined ? top : last.role === "user" ? last.system : waiting
      place.push(...sendable.map(omittedText))
    } else if (role === "assistant") {
      const kept = withoutLastThinking(sendable)
      if (kept.length > 0 && turns.length === 0) add("user", [text("[The conversation begins here.]")])
      if (kept.length > 0) add("assistant", kept)
    } else {
      add("user", sendable.length > 0 ? sendable : [text("[This message is empty.]")])
    }
  }
  if (turns.length === 0) add("user", [text("[The conversation begins here.]")])
  return { top: [...top, ...waiting], turns }
}

/** The vendor refuses blank text, and its own blocks in any role but the model's. */
const isSendable = (part: Part, role: Role): boolean => {
  if (part._tag === "Text") return part.text.trim() !== ""
  return part._tag !== "Opaque" || (role === "assistant" && Option.isSome(readBlock(part)))
}

const text = (text: string): Part => ({ _tag: "Text", text })

/**
 * A reply that was cut while the model was thinking ends in a thinking block, which the vendor accepts only before another
 * block.
 */
const withoutLastThinking = (parts: ReadonlyArray<Part>): ReadonlyArray<Part> =>
  parts.slice(0, parts.findLastIndex((part) => !isThinking(part)) + 1)

const isThinking = (part: Part): boolean =>
  part._tag === "Opaque" && (part.kind === "thinking" || part.kind === "redacted_thinking")
