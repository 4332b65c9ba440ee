import type { Message } from "../../../domain/Message.js"
import type { Part, ToolResultPart } from "../../../domain/Part.js"

/**
 * A result for each tool call in the history that neither the history nor `prompt` answers. A provider refuses a history
 * with an open call, and would refuse it for ever.
 */
export const unansweredCalls = (
  history: ReadonlyArray<Message>,
  prompt: ReadonlyArray<Part> = []
): ReadonlyArray<ToolResultPart> => {
  let open: Set<string> | undefined
  const look = (parts: ReadonlyArray<Part>) => {
    for (const part of parts) {
      if (part._tag === "ToolCall") (open ??= new Set()).add(part.id)
      if (part._tag === "ToolResult") open?.delete(part.id)
    }
  }
  for (const message of history) look(message.parts)
  look(prompt)
  return open === undefined ? [] : Array.from(open, (id) => ({
    _tag: "ToolResult",
    id,
    result: "The tool was not run.",
    isError: true,
    unanswered: true
  }))
}
