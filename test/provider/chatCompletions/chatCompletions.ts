import { Chunk, Effect, Redacted, Stream } from "effect"
import type { JsonRecord } from "../../../src/domain/Json.js"
import { Message } from "../../../src/domain/Message.js"
import * as ChatCompletionsProvider from "../../../src/layers/provider/ChatCompletionsProvider.js"
import type { ProviderRequest } from "../../../src/services/Provider.js"
import { asking, message, request, sessionId } from "../../domain/conversation.js"
import { makeChatCompletionsServer } from "../../vendor/ChatCompletionsServer.js"

/** No error may contain any part of it. */
export const apiKey = Redacted.make("sk-canary-0123456789")

export type Options = Partial<ChatCompletionsProvider.ChatCompletionsProviderOptions>

/** A gateway's reply, at the base URL `${url}/v1`. */
export const respond = (
  url: string,
  request: ProviderRequest = asking("Hello"),
  config: JsonRecord = {},
  options: Options = { apiKey }
) =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const provider = yield* ChatCompletionsProvider.make({ baseUrl: `${url}/v1`, ...options })
    const session = yield* provider.open({
      sessionId,
      model: "some-model",
      config: { ...provider.defaultConfig, ...config }
    })
    return session.respond(request)
  }))

export const reply = (...asked: Parameters<typeof respond>) =>
  Effect.map(Stream.runCollect(respond(...asked)), Chunk.toReadonlyArray)

/** The request body for a history. */
export const bodyFor = (history: ReadonlyArray<Message>, config?: JsonRecord, options?: Options) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* makeChatCompletionsServer()
    yield* reply(server.url, request(...history), config, options)
    return server.received[0]?.body
  }))

export const messagesFor = (...history: ReadonlyArray<Message>) =>
  Effect.map(bodyFor(history), (body) => (body as { readonly messages: unknown }).messages)

export const saying = (seq: number, role: Message["role"], ...parts: Message["parts"]): Message =>
  new Message({ ...message(seq, role, ""), parts })
