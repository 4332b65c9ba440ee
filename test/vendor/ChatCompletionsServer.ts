import { Deferred, Effect } from "effect"
import { jsonAnswer, streamAnswer, type StreamOptions, type WireEvent } from "./answers.js"
import { type Handler, makeLoopbackServer, type ReceivedRequest } from "./LoopbackServer.js"

export const requestId = "req_chat_1"

/** One chunk of a reply, with a `delta` and other fields of the choice. */
export const chunk = (delta: object, choice: object = {}): WireEvent => ({
  data: {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 0,
    model: "real-model",
    choices: [{ index: 0, delta, finish_reason: null, ...choice }],
    usage: null
  }
})

export const finish = (reason: string): WireEvent => chunk({}, { finish_reason: reason })

/** The last chunk, sent because the request asks for usage. */
export const usage = (counted: object): WireEvent => ({
  data: { id: "chatcmpl-1", object: "chat.completion.chunk", model: "real-model", choices: [], usage: counted }
})

export const done: WireEvent = { data: "[DONE]" }

/** A handler that streams these events, then `[DONE]` unless `ending` is set. */
export const streaming = (
  events: ReadonlyArray<WireEvent> | string,
  { headers, ...options }: StreamOptions = {}
): Handler =>
(_, response) =>
  streamAnswer(response, typeof events === "string" || options.ending ? events : [...events, done], {
    headers: { "x-request-id": requestId, ...headers },
    ...options
  })

/** A handler that refuses as OpenAI does. */
export const failing = (
  status: number,
  error: object = { message: "sk-canary said: secret prompt", type: "some_error", code: null, param: null },
  headers: Readonly<Record<string, string>> = {}
): Handler =>
(_, response) => jsonAnswer(response, status, { error }, { "x-request-id": requestId, ...headers })

/**
 * A handler, and when its connection is closed. The number of connections does not show it: Node's `fetch` opens a new one at
 * once.
 */
export const watched = (handler: Handler) =>
  Effect.map(Deferred.make<void>(), (closed) => ({
    handler: (...[request, response]: Parameters<Handler>) => {
      response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
      handler(request, response)
    },
    hungUp: Deferred.await(closed)
  }))

/** A complete reply, one word per chunk. */
export const textReply = (text: string): ReadonlyArray<WireEvent> => [
  chunk({ role: "assistant", content: "" }),
  ...(text.match(/\S+\s*|\s+/gu) ?? []).map((content) => chunk({ content })),
  finish("stop")
]

/**
 * A gateway for chat completions that replies `You said: ` and the user's last text.
 */
export const makeChatCompletionsServer = (options: StreamOptions = {}) =>
  makeLoopbackServer((request, response) => {
    const { messages, stream_options } = bodyOf(request)
    const text = `You said: ${lastUserText(messages)}`
    const counted = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
    const events = [...textReply(text), ...(stream_options?.include_usage ? [usage(counted)] : [])]
    streaming(events, options)(request, response)
  })

export interface ChatBody {
  readonly messages: ReadonlyArray<
    { readonly role: string; readonly content: string | null | ReadonlyArray<{ readonly text?: string }> }
  >
  readonly stream_options?: { readonly include_usage?: boolean }
}

const bodyOf = ({ body }: ReceivedRequest) => body as ChatBody

const lastUserText = (messages: ChatBody["messages"]): string => {
  const content = messages.findLast(({ role }) => role === "user")?.content ?? ""
  return typeof content === "string" ? content : content.map(({ text = "" }) => text).join("")
}
