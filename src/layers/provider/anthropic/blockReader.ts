import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { OpaquePart, ToolCallPart } from "../../../domain/Part.js"
import { maxTextLength } from "../../../domain/WellFormedText.js"
import { ProviderEvent } from "../../../services/ProviderEvent.js"
import type { ContentBlock } from "./StreamEvent.js"

/**
 * One block of a reply, while it arrives.
 */
export interface BlockReader {
  /** Answers with the text to be shown of it. Kinds of deltas that it does not know are left out. */
  readonly add: (delta: ContentBlock) => string
  /** The part that it was: none if it was text. Left when it is not whole, or is none that a message can keep. */
  readonly end: () => Either.Either<ReadonlyArray<ProviderEvent>, string>
}

export const blockReader = (provider: string, start: ContentBlock): BlockReader => {
  let json = ""
  let thinking = textOf(start["thinking"])
  let signature = textOf(start["signature"])

  return {
    add: (delta) => {
      if (delta.type === "text_delta") return textOf(delta["text"])
      if (delta.type === "input_json_delta") json += textOf(delta["partial_json"])
      if (delta.type === "thinking_delta") thinking += textOf(delta["thinking"])
      if (delta.type === "signature_delta") signature += textOf(delta["signature"])
      return ""
    },
    end: () => {
      if (start.type === "text") return Either.right([])
      const input = json === "" ? Option.some(start["input"]) : parseJson(json)
      if (Option.isNone(input)) return Either.left("it called a tool with broken JSON")
      if (start.type === "tool_use") {
        const { id, name } = start
        return Option.match(decodeToolCall({ _tag: "ToolCall", id, name, arguments: input.value ?? {} }), {
          onNone: () => Either.left("it called a tool in no proper way"),
          onSome: (part) => Either.right([ProviderEvent.ToolCall({ part })])
        })
      }
      const block = {
        ...start,
        ...(input.value !== undefined && { input: input.value }),
        ...(start.type === "thinking" && { thinking, signature })
      }
      const part: OpaquePart = {
        _tag: "Opaque",
        provider,
        kind: start.type,
        data: JSON.stringify(block),
        ...(thinking !== "" && { text: thinking.slice(0, maxTextLength).toWellFormed() })
      }
      return isOpaque(part)
        ? Either.right([ProviderEvent.Opaque({ part })])
        : Either.left("it sent a block that is longer than a message can keep")
    }
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")
const parseJson = Option.liftThrowable((json: string): unknown => JSON.parse(json))
const decodeToolCall = Schema.decodeUnknownOption(ToolCallPart)
const isOpaque = Schema.is(OpaquePart)
