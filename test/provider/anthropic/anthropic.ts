import { Chunk, Effect, Layer, Redacted, Stream } from "effect"
import { MessageId } from "../../../src/domain/Ids.js"
import type { JsonRecord } from "../../../src/domain/Json.js"
import { Message, type Part } from "../../../src/domain/Message.js"
import { AnthropicProvider, type AnthropicProviderOptions } from "../../../src/layers/provider/AnthropicProvider.js"
import type { ProviderEvent, ProviderRequest } from "../../../src/services/Provider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { now, request, sessionId } from "../../domain/conversation.js"
import { apiKey, makeAnthropicServer } from "../../vendor/AnthropicServer.js"
import type { LoopbackServer } from "../../vendor/LoopbackServer.js"

export const model = "claude-opus-5-5"

export const layer = (server: LoopbackServer, options: Partial<AnthropicProviderOptions> = {}) =>
  AnthropicProvider.layer({ apiKey: Redacted.make(apiKey), baseUrl: server.url, ...options }).pipe(
    Layer.provideMerge(ProviderRegistry.layer())
  )

/** Makes a call to this server. */
export const respond = (
  server: LoopbackServer,
  request: ProviderRequest,
  config: JsonRecord = {},
  options: Partial<AnthropicProviderOptions> = {}
) =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const provider = yield* (yield* ProviderRegistry).get(options.name ?? "anthropic")
    const session = yield* provider.open({ sessionId, model, config })
    return session.respond(request)
  })).pipe(Stream.provideSomeLayer(layer(server, options)))

export const reply = (...call: Parameters<typeof respond>) =>
  Effect.map(Stream.runCollect(respond(...call)), Chunk.toReadonlyArray)

/** The request that a new server receives for these messages. */
export const sent = Effect.fnUntraced(function*(messages: ReadonlyArray<Message>, config: JsonRecord = {}) {
  const server = yield* makeAnthropicServer()
  yield* reply(server, request(...messages), config)
  const received = server.received[0]
  if (received === undefined) return yield* Effect.dieMessage("nothing was sent")
  return received
})

export const textOf = (events: ReadonlyArray<ProviderEvent>) =>
  events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")

export const finishedOf = (events: ReadonlyArray<ProviderEvent>) => {
  const finished = events.at(-1)
  return finished?._tag === "Finished" ? finished : undefined
}

/** A message of any parts. */
export const saying = (seq: number, role: Message["role"], ...parts: ReadonlyArray<Part>): Message =>
  new Message({ id: MessageId.make(`message-${seq}`), sessionId, seq, role, parts, createdAt: now, metadata: {} })

export const text = (text: string): Part => ({ _tag: "Text", text })
