import type { WireItem } from "./responseEvents.js"

/** An answer that refuses a request, in the vendor's words. */
export interface Refusal {
  readonly status: number
  readonly error: {
    readonly message: string
    readonly type: "invalid_request_error"
    readonly param: string | null
    readonly code: string | null
  }
}

export const refusal = (
  status: number,
  message: string,
  param: string | null = null,
  code: string | null = null
): Refusal => ({
  status,
  error: { message, type: "invalid_request_error", param, code }
})

const parameters = new Set([
  "background",
  "context_management",
  "conversation",
  "include",
  "input",
  "instructions",
  "max_output_tokens",
  "metadata",
  "model",
  "parallel_tool_calls",
  "previous_response_id",
  "prompt_cache_key",
  "prompt_cache_retention",
  "reasoning",
  "safety_identifier",
  "service_tier",
  "store",
  "stream",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_p",
  "truncation"
])

/** Why the vendor refuses a request, regardless of what it holds. */
export const refusalOfBody = (body: Readonly<Record<string, unknown>>): Refusal | undefined => {
  const unknown = Object.keys(body).find((name) => !parameters.has(name))
  if (unknown !== undefined) return refusal(400, `Unknown parameter: '${unknown}'.`, unknown, "unknown_parameter")
  if (typeof body["model"] !== "string") return refusal(400, "Missing required parameter: 'model'.", "model")
  if (body["conversation"] !== undefined && body["previous_response_id"] !== undefined) {
    return refusal(
      400,
      "Mutually exclusive parameters: 'previous_response_id' and 'conversation'.",
      "conversation",
      "mutually_exclusive_parameters"
    )
  }
  if (body["conversation"] !== undefined && body["store"] === false) {
    return refusal(400, "A conversation needs 'store'.", "store")
  }
  return refusalOfMetadata(body["metadata"])
}

export const refusalOfMetadata = (metadata: unknown): Refusal | undefined => {
  const pairs = Object.entries(metadata ?? {})
  if (pairs.length > 16) return refusal(400, "Too many properties in 'metadata'.", "metadata")
  return pairs.every(([key, value]) => key.length <= 64 && typeof value === "string" && value.length <= 512)
    ? undefined
    : refusal(400, "Invalid type for 'metadata': expected a string.", "metadata", "invalid_type")
}

/** Why the vendor refuses the whole input of the model. `known` are the ids of the items that it holds. */
export const refusalOfContext = (
  context: ReadonlyArray<WireItem>,
  known: ReadonlySet<unknown>
): Refusal | undefined => {
  const open = new Set<unknown>()
  for (const item of context) {
    if (item.type === "function_call") open.add(item["call_id"])
    if (item.type === "function_call_output" && !open.delete(item["call_id"])) {
      return refusal(400, `No tool call found for function call output with call_id ${item["call_id"]}.`, "input")
    }
    if (item.type === "reasoning" && typeof item["encrypted_content"] !== "string" && !known.has(item["id"])) {
      return refusal(404, `Item with id '${item["id"]}' not found.`, "input")
    }
    if (item["role"] === "assistant" && Array.isArray(item["content"])) {
      const wrong = item["content"].find(({ type }) => type !== "output_text" && type !== "refusal")
      if (wrong) return refusal(400, `Invalid value: '${wrong.type}'.`, "input", "invalid_value")
    }
  }
  const [unanswered] = open
  return unanswered === undefined
    ? undefined
    : refusal(400, `No tool output found for function call ${unanswered}.`, "input")
}
