import { Predicate } from "effect"
import type { ServerResponse } from "node:http"
import { jsonAnswer, streamAnswer, type StreamOptions } from "./answers.js"
import { replyEvents, usage } from "./anthropic/replyEvents.js"
import { requestProblem } from "./anthropic/requestProblem.js"
import { makeLoopbackServer, type ReceivedRequest } from "./LoopbackServer.js"

export const apiKey = "sk-ant-canary-0123456789"
export const requestId = "req_011CTest"
export const version = "2026-10-21"

export interface AnthropicServerOptions {
  /** Bytes in a packet of a reply. Default: the whole reply. */
  readonly packet?: number
}

/**
 * Anthropic's Messages API on the loopback interface: repeats the user's last text, counts tokens, knows models, and returns
 * the vendor's errors for invalid requests.
 */
export const makeAnthropicServer = ({ packet }: AnthropicServerOptions = {}) =>
  makeLoopbackServer((request, response) => {
    const { headers, method, url } = request
    if (headers.authorization !== `Bearer ${apiKey}`) {
      return errorAnswer(response, 401, "authentication_error", `invalid bearer token ${headers.authorization}`)
    }
    if (headers["anthropic-version"] !== version) {
      return errorAnswer(response, 400, "invalid_request_error", "anthropic-version: is not a valid version")
    }
    if (method === "GET" && url.startsWith("/v1/models/")) {
      return answerModel(decodeURIComponent(url.slice(11)), response)
    }
    const isCount = url === "/v1/messages/count_tokens"
    if (method !== "POST" || (!isCount && url !== "/v1/messages")) {
      return errorAnswer(response, 404, "not_found_error", "Not found")
    }
    const problem = requestProblem(request.body, isCount)
    if (problem !== undefined) return errorAnswer(response, 400, "invalid_request_error", problem)
    return isCount
      ? jsonAnswer(response, 200, { input_tokens: tokensOf(request) }, { "request-id": requestId })
      : answerReply(response, echoOf(request), packet === undefined ? {} : { packet })
  })

/** Streams events as the vendor does, with its headers. */
export const answerReply = (
  response: ServerResponse,
  events: Parameters<typeof streamAnswer>[1] = replyEvents(),
  options: StreamOptions = {}
): void => streamAnswer(response, events, { ...options, headers: { "request-id": requestId, ...options.headers } })

export const errorBody = (type: string, message: string, details?: unknown) => ({
  type: "error",
  error: { type, message, ...(details !== undefined && { details }) },
  request_id: requestId
})

export const errorAnswer = (
  response: ServerResponse,
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {}
): void => jsonAnswer(response, status, errorBody(type, message), { "request-id": requestId, ...headers })

const echoOf = (request: ReceivedRequest) => {
  const tokens = tokensOf(request)
  const text = `You said: ${lastUserText(request.body)}`
  return replyEvents({
    blocks: [{ type: "text", text }],
    usage: { ...usage, input_tokens: tokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
    finalUsage: { input_tokens: null, output_tokens: Math.ceil(text.length / 4) }
  })
}

const tokensOf = ({ raw }: ReceivedRequest): number => Math.ceil(raw.length / 4)

const lastUserText = (body: unknown): string => {
  const messages = Predicate.isRecord(body) && Array.isArray(body["messages"]) ? body["messages"] : []
  const content: unknown = messages.findLast((message) => message?.role === "user")?.content
  if (typeof content === "string") return content
  return Array.isArray(content) ? content.findLast((block) => block?.type === "text")?.text ?? "" : ""
}

const answerModel = (id: string, response: ServerResponse): void => {
  if (!id.startsWith("claude-")) return errorAnswer(response, 404, "not_found_error", `model: ${id}`)
  jsonAnswer(response, 200, {
    type: "model",
    id,
    display_name: "Claude Opus 5.5",
    created_at: "2026-09-01T00:00:00Z",
    lifecycle: "active",
    line: "opus",
    deprecated_at: null,
    retires_at: null,
    max_input_tokens: 1_000_000,
    max_tokens: 128_000,
    capabilities: null
  }, { "request-id": requestId })
}
