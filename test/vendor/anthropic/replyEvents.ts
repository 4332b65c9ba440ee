import { Predicate } from "effect"
import type { WireEvent } from "../answers.js"

export interface Typed {
  readonly type: string
  readonly [field: string]: unknown
}

export interface ScriptedReply {
  /** Blocks as the vendor would have them at their end. */
  readonly blocks?: ReadonlyArray<Typed>
  readonly stopReason?: string | null
  readonly stopDetails?: unknown
  /** Of `message_start`; null leaves it out. */
  readonly usage?: unknown
  /** Of `message_delta`; null leaves it out. */
  readonly finalUsage?: unknown
  readonly id?: string
  readonly model?: string
}

export const usage = {
  input_tokens: 10,
  cache_creation_input_tokens: 200,
  cache_read_input_tokens: 3000,
  cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 0 },
  output_tokens: 1,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: "standard",
  inference_geo: null,
  speed: null
}

export const finalUsage = {
  input_tokens: null,
  cache_creation_input_tokens: null,
  cache_read_input_tokens: null,
  output_tokens: 50,
  output_tokens_details: { thinking_tokens: 20 },
  server_tool_use: null
}

/** The events of a whole reply, in the vendor's order. */
export const replyEvents = ({
  blocks = [{ type: "text", text: "Hello!" }],
  finalUsage: last = finalUsage,
  id = "msg_01",
  model = "claude-opus-5-5",
  stopDetails = null,
  stopReason = "end_turn",
  usage: first = usage
}: ScriptedReply = {}): ReadonlyArray<WireEvent> =>
  [
    {
      type: "message_start",
      message: {
        id,
        type: "message",
        role: "assistant",
        model,
        content: [],
        container: null,
        diagnostics: null,
        stop_details: null,
        stop_reason: null,
        stop_sequence: null,
        ...(first !== null && { usage: first })
      }
    },
    { type: "ping" },
    ...blocks.flatMap(blockEvents),
    {
      type: "message_delta",
      delta: { stop_reason: stopReason, stop_sequence: null, stop_details: stopDetails, container: null },
      ...(last !== null && { usage: last })
    },
    { type: "message_stop" }
  ].map(toEvent)

export const toEvent = (data: Typed): WireEvent => ({ event: data.type, data })

const blockEvents = (
  block: Typed,
  index: number
): ReadonlyArray<Typed> => {
  const [start, ...deltas] = inPieces(block)
  return [
    { type: "content_block_start", index, content_block: start },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index }
  ]
}

const inPieces = (block: Typed): ReadonlyArray<unknown> => {
  const piecesOf = (field: string, type: string) =>
    halves(block[field]).map((piece) => ({ type, [type === "input_json_delta" ? "partial_json" : field]: piece }))
  switch (block.type) {
    case "text":
      return [{ ...block, text: "" }, ...piecesOf("text", "text_delta")]
    case "thinking":
      return [
        { ...block, thinking: "", signature: "" },
        ...piecesOf("thinking", "thinking_delta"),
        { type: "signature_delta", signature: block["signature"] }
      ]
    case "tool_use":
    case "server_tool_use":
      return [{ ...block, input: {} }, ...piecesOf("input", "input_json_delta")]
    default:
      return [block]
  }
}

/** An object as its JSON. Cut between characters that belong together too, as a vendor may. */
const halves = (value: unknown): ReadonlyArray<string> => {
  const text = Predicate.isString(value) ? value : JSON.stringify(value)
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}
