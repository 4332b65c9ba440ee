import type { WireEvent } from "../answers.js"

/** An item of the vendor's, as JSON. */
export interface WireItem {
  readonly type: string
  readonly [key: string]: unknown
}

export interface ResponseOptions {
  readonly id?: string
  readonly model?: string
  readonly usage?: unknown
  /** The final status, and more fields of the final response. Default: `completed`. */
  readonly end?: { readonly status: "completed" | "incomplete" | "failed"; readonly [key: string]: unknown }
}

export const usage = (
  input: number,
  output: number,
  details: { cached?: number; written?: number; reasoning?: number } = {}
) => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: details.cached ?? 0, cache_write_tokens: details.written ?? 0 },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: details.reasoning ?? 0 },
  total_tokens: input + output
})

export const message = (text: string, more: Readonly<Record<string, unknown>> = {}): WireItem => ({
  id: "msg_1",
  type: "message",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
  ...more
})

export const refusal = (text: string): WireItem => message("", { content: [{ type: "refusal", refusal: text }] })

export const functionCall = (args: string, more: Readonly<Record<string, unknown>> = {}): WireItem => ({
  id: "fc_1",
  type: "function_call",
  status: "completed",
  call_id: "call_1",
  name: "weather",
  arguments: args,
  ...more
})

export const reasoning = (summary: ReadonlyArray<string>, more: Readonly<Record<string, unknown>> = {}): WireItem => ({
  id: "rs_1",
  type: "reasoning",
  encrypted_content: "gAAAAABo",
  summary: summary.map((text) => ({ type: "summary_text", text })),
  ...more
})

/** All the events with which the vendor sends a response. */
export const responseEvents = (
  output: ReadonlyArray<WireItem>,
  { end = { status: "completed" }, id = "resp_1", model = "gpt-5.2", usage: used = usage(3, 2) }: ResponseOptions = {}
): ReadonlyArray<WireEvent> => {
  let sequence = 0
  const event = (type: string, data: Readonly<Record<string, unknown>>): WireEvent => ({
    event: type,
    data: { type, sequence_number: sequence++, ...data }
  })
  const response = { id, object: "response", created_at: 1, model, service_tier: "default", error: null, output: [] }
  return [
    event("response.created", { response: { ...response, status: "in_progress", usage: null } }),
    event("response.in_progress", { response: { ...response, status: "in_progress", usage: null } }),
    ...output.flatMap((item, index) => [
      event("response.output_item.added", { output_index: index, item: { ...item, ...emptyOf(item) } }),
      ...insideOf(item).map(([type, data]) => event(type, { output_index: index, item_id: item["id"], ...data })),
      event("response.output_item.done", { output_index: index, item })
    ]),
    event(`response.${end.status}`, { response: { ...response, output, usage: used, ...end } })
  ]
}

type Inside = readonly [type: string, data: Readonly<Record<string, unknown>>]

const emptyOf = ({ type }: WireItem) =>
  type === "message"
    ? { status: "in_progress", content: [] }
    : type === "function_call"
    ? { status: "in_progress", arguments: "" }
    : {}

const wordsOf = (text: string): ReadonlyArray<string> => text.match(/\S+\s*|\s+/gu) ?? []

const insideOf = (item: WireItem): ReadonlyArray<Inside> => {
  if (item.type === "function_call") {
    const args = String(item["arguments"])
    const half = Math.floor(args.length / 2)
    return [
      ["response.function_call_arguments.delta", { delta: args.slice(0, half) }],
      ["response.function_call_arguments.delta", { delta: args.slice(half) }],
      ["response.function_call_arguments.done", { arguments: args, name: item["name"] }]
    ]
  }
  return item.type === "message" && Array.isArray(item["content"]) ? item["content"].flatMap(insideOfPart) : []
}

const insideOfPart = (
  part: { readonly type: "output_text"; readonly text: string } | {
    readonly type: "refusal"
    readonly refusal: string
  },
  index: number
): ReadonlyArray<Inside> => {
  const at = { content_index: index }
  const inside: ReadonlyArray<Inside> = part.type === "refusal"
    ? [
      ...wordsOf(part.refusal).map((delta): Inside => ["response.refusal.delta", { ...at, delta }]),
      ["response.refusal.done", { ...at, refusal: part.refusal }]
    ]
    : [
      ...wordsOf(part.text).map((delta): Inside => [
        "response.output_text.delta",
        { ...at, delta, logprobs: [], obfuscation: "x".repeat(16 - Math.min(16, delta.length)) }
      ]),
      ["response.output_text.done", { ...at, text: part.text, logprobs: [] }]
    ]
  return [
    ["response.content_part.added", { ...at, part: { type: part.type } }],
    ...inside,
    ["response.content_part.done", { ...at, part }]
  ]
}
