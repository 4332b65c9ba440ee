import { Message } from "../../../domain/Message.js"
import type { Part } from "../../../domain/Part.js"
import { omittedText } from "../../omittedText.js"
import type { Provider } from "../../Provider.js"

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
export const fitMessages = (messages: ReadonlyArray<Message>, provider: Provider): Fitted => {
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
