import { Effect } from "effect"
import { jsonAnswer, streamAnswer } from "./answers.js"
import { type Handler, type LoopbackServer, makeLoopbackServer, type ReceivedRequest } from "./LoopbackServer.js"
import { type Refusal, refusal, refusalOfBody, refusalOfContext, refusalOfMetadata } from "./openai/refusalOf.js"
import { message, responseEvents, usage, type WireItem } from "./openai/responseEvents.js"

export interface OpenAiServerOptions {
  /** Bytes in a packet of a reply. Default: the whole reply. */
  readonly packet?: number
  /** Most gateways have none. Default: true. */
  readonly conversations?: boolean
  /** Maximum items in a page, whatever the request asks for. Default: 100. */
  readonly pageSize?: number
}

export interface StoredConversation {
  readonly metadata: Readonly<Record<string, string>>
  readonly items: ReadonlyArray<WireItem>
}

export interface OpenAiServer extends LoopbackServer {
  /** The handler of all requests that `next` has no handler for. */
  readonly answer: Handler
  readonly conversations: Map<string, StoredConversation>
  /** The input and output up to each stored response. */
  readonly responses: Map<string, ReadonlyArray<WireItem>>
}

/**
 * OpenAI's Responses and Conversations API under `/v1`, with its storage. The model replies `You said: ` and the user's last
 * text.
 */
export const makeOpenAiServer = Effect.fnUntraced(function*(options: OpenAiServerOptions = {}) {
  const conversations: OpenAiServer["conversations"] = new Map()
  const responses: OpenAiServer["responses"] = new Map()
  const answer = answering(options, conversations, responses)
  const server = yield* makeLoopbackServer(answer)
  return { ...server, answer, conversations, responses } satisfies OpenAiServer
})

const answering = (
  { conversations: hasConversations = true, packet, pageSize = 100 }: OpenAiServerOptions,
  conversations: OpenAiServer["conversations"],
  responses: OpenAiServer["responses"]
): Handler => {
  let ids = 0
  const newId = (prefix: string) => `${prefix}_${++ids}`
  const knownItems = () => new Set([...conversations.values()].flatMap(({ items }) => items.map((item) => item["id"])))

  /** Everything that the model would read, or why it is refused. */
  const contextOf = (body: Fields): ReadonlyArray<WireItem> | Refusal => {
    const { conversation, input, previous_response_id: previous } = body
    const before = typeof conversation === "string"
      ? conversations.get(conversation)?.items ?? noConversation(conversation)
      : typeof previous === "string"
      ? responses.get(previous) ?? refusal(
        400,
        `Previous response with id '${previous}' not found.`,
        "previous_response_id",
        "previous_response_not_found"
      )
      : []
    if ("error" in before) return before
    const context = [...before, ...itemsOf(input).map((item) => identified(item, newId("item")))]
    return refusalOfContext(context, knownItems()) ?? context
  }

  const respond: Handler = ({ body }, response) => {
    const fields = fieldsOf(body)
    const context = refusalOfBody(fields) ?? contextOf(fields)
    if ("error" in context) return refuse(response, context)
    const id = newId("resp")
    const reply = message(`You said: ${lastSaid(context)}`, { id: newId("msg") })
    streamAnswer(
      response,
      responseEvents([reply], {
        id,
        model: String(fields["model"]),
        usage: usage(tokensOf(context), tokensOf([reply]))
      }),
      {
        headers: { "x-request-id": newId("req") },
        ...(packet !== undefined && { packet }),
        beforeLast: () => {
          const whole = [...context, reply]
          const conversation = String(fields["conversation"])
          const stored = conversations.get(conversation)
          if (stored) conversations.set(conversation, { ...stored, items: whole })
          if (fields["store"] !== false) responses.set(id, whole)
        }
      }
    )
  }

  const withConversation =
    (act: (id: string, stored: StoredConversation, request: ReceivedRequest) => unknown): Route =>
    (request, response, id) => {
      const stored = conversations.get(id)
      if (!stored) return refuse(response, noConversation(id))
      const answer = act(id, stored, request)
      if (isRefusal(answer)) return refuse(response, answer)
      jsonAnswer(response, 200, answer, { "x-request-id": newId("req") })
    }

  const changed = (id: string, stored: StoredConversation) => {
    conversations.set(id, stored)
    return shown(id, stored)
  }

  const ofConversations: ReadonlyArray<readonly [string, RegExp, Route]> = [
    ["POST", /^\/v1\/conversations$/, ({ body }, response) => {
      const { items, metadata = {} } = fieldsOf(body)
      const refused = refusalOfMetadata(metadata)
      if (refused) return refuse(response, refused)
      const stored = { metadata: metadata as Record<string, string>, items: itemsOf(items) }
      jsonAnswer(response, 200, changed(newId("conv"), stored))
    }],
    ["GET", /^\/v1\/conversations\/([^/]+)$/, withConversation(shown)],
    [
      "POST",
      /^\/v1\/conversations\/([^/]+)$/,
      withConversation((id, stored, { body }) => {
        const { metadata } = fieldsOf(body)
        return refusalOfMetadata(metadata) ?? changed(id, { ...stored, metadata: metadata as Record<string, string> })
      })
    ],
    [
      "DELETE",
      /^\/v1\/conversations\/([^/]+)$/,
      withConversation((id) => {
        conversations.delete(id)
        return { id, object: "conversation.deleted", deleted: true }
      })
    ],
    [
      "GET",
      /^\/v1\/conversations\/([^/]+)\/items$/,
      withConversation((_, { items }, { url }) => {
        const query = new URL(url, "http://localhost").searchParams
        const ordered = query.get("order") === "asc" ? items : items.toReversed()
        const from = ordered.findIndex((item) => item["id"] === query.get("after")) + 1
        const size = Math.min(pageSize, Number(query.get("limit") ?? 20))
        const data = ordered.slice(from, from + size)
        return {
          object: "list",
          data,
          has_more: from + size < ordered.length,
          first_id: data[0]?.["id"] ?? null,
          last_id: data.at(-1)?.["id"] ?? null
        }
      })
    ],
    [
      "DELETE",
      /^\/v1\/conversations\/([^/]+)\/items\/([^/]+)$/,
      (request, response, id, item) =>
        withConversation((id, stored) =>
          stored.items.some((one) => one["id"] === item)
            ? changed(id, { ...stored, items: stored.items.filter((one) => one["id"] !== item) })
            : refusal(404, `Item with id '${item}' not found.`)
        )(request, response, id, item)
    ]
  ]

  const routes: ReadonlyArray<readonly [string, RegExp, Route]> = [
    ...(hasConversations ? ofConversations : []),
    ["POST", /^\/v1\/responses$/, respond],
    ["POST", /^\/v1\/responses\/input_tokens$/, ({ body }, response) =>
      jsonAnswer(response, 200, {
        object: "response.input_tokens",
        input_tokens: tokensOf(itemsOf(fieldsOf(body)["input"]))
      })],
    ["DELETE", /^\/v1\/responses\/([^/]+)$/, (_, response, id) =>
      responses.delete(id)
        ? jsonAnswer(response, 200, { id, object: "response", deleted: true })
        : refuse(response, refusal(404, `Response with id '${id}' not found.`))],
    ["GET", /^\/v1\/models\/([^/]+)$/, (_, response, id) =>
      id.startsWith("gpt-")
        ? jsonAnswer(response, 200, { id, object: "model", created: 1_700_000_000, owned_by: "openai" })
        : refuse(response, refusal(404, `The model '${id}' does not exist.`, "model", "model_not_found"))]
  ]

  return (request, response) => {
    if (!request.headers.authorization?.startsWith("Bearer ")) {
      return refuse(response, refusal(401, "You didn't provide an API key.", null, "invalid_api_key"))
    }
    const [path = ""] = request.url.split("?")
    for (const [method, pattern, route] of routes) {
      const match = method === request.method ? pattern.exec(path) : null
      if (match) return route(request, response, match[1] ?? "", match[2] ?? "")
    }
    refuse(response, refusal(404, `Invalid URL (${request.method} ${path})`))
  }
}

const shown = (id: string, { metadata }: StoredConversation) => ({
  id,
  object: "conversation",
  created_at: 1,
  metadata
})

const identified = (item: WireItem, id: string): WireItem => ({ id, ...item })

type Fields = Readonly<Record<string, unknown>>
type Response = Parameters<Handler>[1]
type Route = (request: ReceivedRequest, response: Response, id: string, item: string) => void

const fieldsOf = (body: unknown): Fields => typeof body === "object" && body !== null ? { ...body } : {}

const isRefusal = (answer: unknown): answer is Refusal => "error" in fieldsOf(answer)

const refuse = (response: Response, { error, status }: Refusal) =>
  jsonAnswer(response, status, { error }, { "x-request-id": "req_refused" })

const noConversation = (id: string) => refusal(404, `Conversation with id '${id}' not found.`)

const itemsOf = (input: unknown): ReadonlyArray<WireItem> =>
  Array.isArray(input)
    ? input.map((item) => ({ type: "message", ...item }))
    : typeof input === "string"
    ? [{ type: "message", role: "user", content: input }]
    : []

/** Accepts every form of input. */
const textOf = ({ content }: WireItem): string =>
  typeof content === "string"
    ? content
    : Array.isArray(content)
    ? content.map(({ text = "" }) => text).join("")
    : ""

const lastSaid = (context: ReadonlyArray<WireItem>): string => {
  const last = context.findLast((item) => item["role"] === "user")
  return last ? textOf(last) : ""
}

const tokensOf = (items: ReadonlyArray<WireItem>): number =>
  Math.ceil(items.reduce((length, item) => length + textOf(item).length, 0) / 4)
