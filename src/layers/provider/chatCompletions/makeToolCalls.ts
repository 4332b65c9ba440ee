import type * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { JsonRecord } from "../../../domain/JsonRecord.js"
import { ToolCallPart } from "../../../domain/Part.js"
import type { ToolCallDelta } from "./ChatChunk.js"

/**
 * Collects tool calls, of which a piece comes at a time.
 */
export interface ToolCalls {
  readonly add: (delta: ToolCallDelta) => void
  /** The calls in their order, or why one cannot be read. A tool without arguments may be called with no text at all. */
  readonly all: () => ReadonlyArray<Either.Either<ToolCallPart, ParseResult.ParseError>>
}

const decode = Schema.decodeUnknownEither(
  Schema.Struct({ ...ToolCallPart.fields, arguments: Schema.parseJson(JsonRecord) })
)

export const makeToolCalls = (): ToolCalls => {
  const calls = new Map<number, { readonly id: string; readonly name: string; readonly json: string }>()
  return {
    add: (delta) => {
      const index = delta.index ?? 0
      const { id = "", json = "", name = "" } = calls.get(index) ?? {}
      calls.set(index, {
        id: delta.id || id,
        name: delta.function?.name || name,
        json: json + (delta.function?.arguments ?? "")
      })
    },
    all: () =>
      [...calls].toSorted(([one], [other]) => one - other).map(([, { id, json, name }]) =>
        decode({ _tag: "ToolCall", id, name, arguments: json || "{}" })
      )
  }
}
