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
  const open = new Set<string>()
  for (const parts of [...history.map((message) => message.parts), prompt]) {
    for (const part of parts) {
      if (part._tag === "ToolCall") open.add(part.id)
      if (part._tag === "ToolResult") open.delete(part.id)
    }
  }
  return Array.from(open, (id) => ({
    _tag: "ToolResult",
    id,
    result: "The tool was not run.",
    isError: true,
    unanswered: true
  }))
}
