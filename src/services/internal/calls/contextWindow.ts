import { Message, type Part } from "../../../domain/Message.js"
import { omittedText, type Provider } from "../../Provider.js"

/**
 * The latest messages of a history within the limits. Always includes the last message, and never a tool result without
 * its call: the window is shortened to drop such a result, or extended to the call if the last message has the result.
 */
export const contextWindow = (
  history: ReadonlyArray<Message>,
  { messages, tokens }: WindowLimits
): ReadonlyArray<Message> => {
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

/**
 * Limits of the history that a provider sees.
 */
export interface WindowLimits {
  readonly messages: number
  /** As `estimateTokens` counts them. */
  readonly tokens: number
}

/** The start of a window in which each tool result has its call. */
const withoutOrphans = (history: ReadonlyArray<Message>, from: number): number => {
  const last = history.length - 1
  const calls = new Set<string>()
  let start = from
  for (let index = from; index <= last; index++) {
    for (const part of history[index]?.parts ?? []) {
      if (part._tag === "ToolCall") calls.add(part.id)
      if (part._tag !== "ToolResult" || calls.has(part.id)) continue
      if (index < last) start = index + 1
      else start = Math.min(start, findCall(history, part.id) ?? start)
    }
  }
  return start
}

const findCall = (history: ReadonlyArray<Message>, id: string): number | undefined => {
  const index = history.findLastIndex(({ parts }) => parts.some((part) => part._tag === "ToolCall" && part.id === id))
  return index === -1 ? undefined : index
}

/**
 * Estimates the tokens of parts. Accurate enough for limits, not for billing.
 */
export const estimateTokens = (parts: ReadonlyArray<Part>): number => {
  let tokens = 0
  for (const part of parts) tokens += part._tag === "Image" ? tokensPerImage : characterCount(part) / charactersPerToken
  return Math.ceil(tokens)
}

const characterCount = (part: Exclude<Part, { readonly _tag: "Image" }>): number => {
  switch (part._tag) {
    case "Text":
      return part.text.length
    case "File":
      return part.source._tag === "Inline" ? part.source.base64.length / 2 : tokensPerImage * charactersPerToken
    case "ToolCall":
      return part.name.length + JSON.stringify(part.arguments).length
    case "ToolResult":
      return part.result.length
    case "Opaque":
      return part.data.length
  }
}

const charactersPerToken = 4
/** Roughly what vendors count for an image of common size. */
const tokensPerImage = 1600

/**
 * Replaces each part that a provider does not accept by a line of text, and omits parts that only another provider can
 * read. The stored messages are not changed.
 */
export const adaptParts = (messages: ReadonlyArray<Message>, provider: Provider): AdaptedMessages => {
  if (messages.every(({ parts }) => parts.every((part) => part._tag === "Text" || accepts(provider, part)))) {
    return { messages, omitted: noKinds }
  }
  const omitted = new Set<string>()
  const adapted = messages.flatMap((message) => {
    const parts = message.parts.flatMap((part): ReadonlyArray<Part> => {
      if (accepts(provider, part)) return [part]
      omitted.add(part._tag)
      return part._tag === "Opaque" ? [] : [{ _tag: "Text", text: omittedText(part) }]
    })
    if (parts.length === 0) return []
    // A provider without tools does not accept the role `tool`.
    const role = message.role === "tool" && !provider.capabilities.tools ? "user" as const : message.role
    return [new Message({ ...message, role, parts }, { disableValidation: true })]
  })
  return { messages: adapted, omitted }
}

/**
 * Messages that a provider can take, and the kinds of parts that were removed.
 */
export interface AdaptedMessages {
  readonly messages: ReadonlyArray<Message>
  readonly omitted: ReadonlySet<string>
}

const noKinds: ReadonlySet<string> = new Set()

const accepts = ({ capabilities, name }: Provider, part: Part): boolean => {
  switch (part._tag) {
    case "Text":
      return true
    case "Image":
      return matches(capabilities.images, part.mediaType)
    case "File":
      return matches(capabilities.files, part.mediaType)
    case "ToolCall":
    case "ToolResult":
      return capabilities.tools
    case "Opaque":
      return part.provider === name
  }
}

const matches = (accepted: ReadonlyArray<string>, mediaType: string): boolean =>
  accepted.some((pattern) =>
    pattern === "*/*" || pattern === mediaType ||
    (pattern.endsWith("/*") && mediaType.startsWith(pattern.slice(0, -1)))
  )
