import { Predicate } from "effect"

type Json = { readonly [field: string]: unknown }

const countFields = [
  "cache_control",
  "messages",
  "model",
  "output_config",
  "speed",
  "system",
  "thinking",
  "tool_choice",
  "tools"
]
const createFields = [
  ...countFields,
  "container",
  "diagnostics",
  "inference_geo",
  "max_tokens",
  "metadata",
  "service_tier",
  "stop_sequences",
  "stream"
]

/** The vendor's message for a request that it refuses; undefined for a valid one. */
export const requestProblem = (body: unknown, isCount: boolean): string | undefined => {
  if (!Predicate.isRecord(body)) return "Input should be an object"
  const { max_tokens, messages, system, thinking, tool_choice, tools } = body
  const extra = Object.keys(body).find((name) => !(isCount ? countFields : createFields).includes(name))
  if (extra !== undefined) return `${extra}: Extra inputs are not permitted`
  if (!isCount && max_tokens === undefined) return "max_tokens: Field required"
  if (!Array.isArray(messages) || messages.length === 0) return "messages: at least one message is required"
  if (tool_choice !== undefined && !Array.isArray(tools)) {
    return "tool_choice: may only be specified while providing tools"
  }
  if (
    !isCount && Predicate.isRecord(thinking) && thinking["type"] === "enabled" &&
    Number(thinking["budget_tokens"]) >= Number(max_tokens)
  ) return "max_tokens: must be greater than thinking.budget_tokens"
  if ((JSON.stringify(body).match(/"cache_control"/g) ?? []).length > 4) {
    return "A maximum of 4 blocks with cache_control"
  }
  if (messages[0]?.role !== "user") return "messages: first message must use the \"user\" role"
  return blankText("system", blocksOf(system)) ?? messages.map(messageProblem).find(Predicate.isNotUndefined)
}

const blocksOf = (content: unknown): ReadonlyArray<Json> =>
  typeof content === "string"
    ? [{ type: "text", text: content }]
    : Array.isArray(content)
    ? content.filter(Predicate.isRecord)
    : []

const blankText = (where: string, blocks: ReadonlyArray<Json>): string | undefined =>
  blocks.some(({ text, type }) => type === "text" && (typeof text !== "string" || text.trim() === ""))
    ? `${where}: text content blocks must contain non-whitespace text`
    : undefined

const messageProblem = (message: Json, index: number, messages: ReadonlyArray<Json>): string | undefined => {
  const where = `messages.${index}`
  const role = message["role"]
  const blocks = blocksOf(message["content"])
  const before = messages[index - 1]
  const after = messages[index + 1]
  if (blocks.length === 0) return `${where}: all messages must have non-empty content`
  const blank = blankText(where, blocks)
  if (blank !== undefined) return blank
  if (role === "system") {
    if (before?.["role"] !== "user") return `${where}: role 'system' must follow a 'user' message`
    return after === undefined || after["role"] === "assistant"
      ? undefined
      : `${where}: role 'system' must precede an 'assistant' message or end the array`
  }
  return role === "assistant"
    ? assistantProblem(where, blocks, nextSpoken(messages, index))
    : userProblem(where, blocks, messages.slice(0, index).findLast((other) => other["role"] !== "system"))
}

const nextSpoken = (messages: ReadonlyArray<Json>, index: number) =>
  messages.slice(index + 1).find((other) => other["role"] !== "system")

const assistantProblem = (where: string, blocks: ReadonlyArray<Json>, after: Json | undefined): string | undefined => {
  const wrong = blocks.find(({ type }) => type === "document" || type === "image" || type === "tool_result")
  if (wrong !== undefined) return `${where}: ${String(wrong["type"])} blocks are not permitted in assistant messages`
  const last = blocks.at(-1)
  if (last?.["type"] === "thinking" || last?.["type"] === "redacted_thinking") {
    return `${where}: The final block in an assistant message cannot be \`thinking\`.`
  }
  if (blocks.some(({ signature, type }) => type === "thinking" && typeof signature !== "string")) {
    return `${where}: thinking.signature: Field required`
  }
  const calls = blocks.filter(({ type }) => type === "tool_use")
  if (calls.some(({ id }) => !/^[\w-]+$/.test(String(id)))) return `${where}: tool_use.id: should match a pattern`
  const results = blocksOf(after?.["content"]).slice(0, calls.length)
  if (calls.some(({ id }) => !results.some((result) => result["tool_use_id"] === id))) {
    return `${where}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after`
  }
  return after === undefined && typeof last?.["text"] === "string" && /\s$/.test(last["text"])
    ? "messages: final assistant content cannot end with trailing whitespace"
    : undefined
}

const userProblem = (where: string, blocks: ReadonlyArray<Json>, before: Json | undefined): string | undefined => {
  const calls = new Set(blocksOf(before?.["content"]).flatMap(({ id, type }) => (type === "tool_use" ? [id] : [])))
  const results = blocks.filter(({ type }) => type === "tool_result").map((result) => result["tool_use_id"])
  if (results.some((id) => !calls.has(id))) return `${where}: unexpected \`tool_use_id\` in \`tool_result\` blocks`
  return new Set(results).size === results.length ? undefined : `${where}: each tool_use must have a single result`
}
