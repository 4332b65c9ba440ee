import { Message, type Part } from "../../../domain/Message.js"
import { omittedText, type Provider } from "../../Provider.js"

const charactersPerToken = 4
/** About what vendors count for a picture of usual size. */
const tokensPerImage = 1600

/**
 * About how many tokens parts are: too rough to bill by, good enough to bound by.
 */
export const estimateTokens = (parts: ReadonlyArray<Part>): number => {
  let tokens = 0
  for (const part of parts) tokens += part._tag === "Image" ? tokensPerImage : lengthOf(part) / charactersPerToken
  return Math.ceil(tokens)
}

const lengthOf = (part: Exclude<Part, { readonly _tag: "Image" }>): number => {
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

/**
 * Messages as a provider can take them, and the kinds of parts that it does not.
 */
export interface Fitted {
  readonly messages: ReadonlyArray<Message>
  readonly omitted: ReadonlySet<string>
}

const nothing: ReadonlySet<string> = new Set()

/**
 * Puts a line of text in place of each part that a provider does not take, and leaves out what only another provider can
 * read. What is stored stays as it is, for whoever is asked next.
 */
export const adaptParts = (messages: ReadonlyArray<Message>, provider: Provider): Fitted => {
  if (messages.every(({ parts }) => parts.every((part) => part._tag === "Text" || takes(provider, part)))) {
    return { messages, omitted: nothing }
  }
  const omitted = new Set<string>()
  const fitted = messages.flatMap((message) => {
    const parts = message.parts.flatMap((part): ReadonlyArray<Part> => {
      if (takes(provider, part)) return [part]
      omitted.add(part._tag)
      return part._tag === "Opaque" ? [] : [{ _tag: "Text", text: omittedText(part) }]
    })
    if (parts.length === 0) return []
    // Without tools there is nobody who would answer as one.
    const role = message.role === "tool" && !provider.capabilities.tools ? "user" as const : message.role
    return [new Message({ ...message, role, parts }, { disableValidation: true })]
  })
  return { messages: fitted, omitted }
}

const takes = ({ capabilities, name }: Provider, part: Part): boolean => {
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
export const contextWindow = (
  history: ReadonlyArray<Message>,
  { messages, tokens }: ViewLimits
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
