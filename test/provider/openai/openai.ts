import { Chunk, Deferred, Effect, Exit, Layer, Redacted, Stream } from "effect"
import type { JsonRecord } from "../../../src/domain/Json.js"
import { Message, type Part } from "../../../src/domain/Message.js"
import { OpenAiProvider, type OpenAiProviderOptions } from "../../../src/layers/provider/OpenAiProvider.js"
import type { ProviderRequest } from "../../../src/services/Provider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { asking, message, sessionId } from "../../domain/conversation.js"
import { streamAnswer, type StreamOptions } from "../../vendor/answers.js"
import type { Handler, LoopbackServer } from "../../vendor/LoopbackServer.js"
import { responseEvents, type ResponseOptions, type WireItem } from "../../vendor/openai/responseEvents.js"

export const key = "sk-canary-0123456789"
export const model = "gpt-5.2"

export const layer = (server: LoopbackServer, options?: Partial<OpenAiProviderOptions>) =>
  OpenAiProvider.layer({ apiKey: Redacted.make(key), baseUrl: `${server.url}/v1`, ...options }).pipe(
    Layer.provideMerge(ProviderRegistry.layer())
  )

export const provider = Effect.flatMap(ProviderRegistry, (registry) => registry.get("openai"))

export const open = (config: JsonRecord = {}) =>
  Effect.flatMap(provider, (provider) => provider.open({ sessionId, model, config }))

export const respond = (request: ProviderRequest, config?: JsonRecord) =>
  Stream.unwrapScoped(Effect.map(open(config), (session) => session.respond(request)))

export const reply = (request: ProviderRequest, config?: JsonRecord) =>
  Effect.map(Stream.runCollect(respond(request, config)), Chunk.toReadonlyArray)

export const ask = (text: string, config?: JsonRecord) => reply(asking(text), config)

/** Fails as the reply does. */
export const failureOf = (request: ProviderRequest = asking("Hi"), config?: JsonRecord) =>
  Effect.flip(reply(request, config))

/** A message of any parts. */
export const holding = (
  seq: number,
  role: Message["role"],
  parts: ReadonlyArray<Part>,
  more: Partial<Pick<Message, "providerMetadata">> = {}
): Message => new Message({ ...message(seq, role, ""), parts, ...more })

/** Answers with this output. */
export const saying =
  (output: ReadonlyArray<WireItem>, options?: ResponseOptions, stream?: StreamOptions): Handler => (_, response) =>
    streamAnswer(response, responseEvents(output, options), stream)

/**
 * A handler, and the end of its connection. Other connections do not count: when one is cut, Node's `fetch` opens another and
 * keeps it for some seconds.
 */
export const watched = (handler: Handler) =>
  Effect.map(Deferred.make<void>(), (closed) => {
    const watching: Handler = (request, response) => {
      response.on("close", () => Deferred.unsafeDone(closed, Exit.void))
      handler(request, response)
    }
    return { handler: watching, closed: Deferred.await(closed) }
  })

/** The bodies of all requests. */
export const bodies = (server: LoopbackServer) => server.received.map(({ body }) => body)

/** The method and path of all requests. */
export const asked = (server: LoopbackServer) => server.received.map(({ method, url }) => `${method} ${url}`)
