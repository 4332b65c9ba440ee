import { Chunk, type Duration, Effect, Layer, Stream, TestClock } from "effect"
import type { JsonRecord } from "../../../src/domain/Json.js"
import type { MockReply } from "../../../src/layers/provider/mock/reply.js"
import { MockProvider, type MockProviderOptions } from "../../../src/layers/provider/MockProvider.js"
import type { ProviderEvent, ProviderRequest } from "../../../src/services/Provider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { asking, sessionId } from "../../domain/conversation.js"

export const layer = (options?: MockProviderOptions) =>
  MockProvider.layer(options).pipe(Layer.provideMerge(ProviderRegistry.layer()))

export const open = Effect.fnUntraced(function*(config: JsonRecord = {}, name = "mock") {
  const registry = yield* ProviderRegistry
  const provider = yield* registry.get(name)
  return yield* provider.open({ sessionId, model: "mock-model", config })
})

export const respond = (request: ProviderRequest, config?: JsonRecord) =>
  Stream.unwrapScoped(Effect.map(open(config), (session) => session.respond(request)))

export const reply = (request: ProviderRequest, config?: JsonRecord) =>
  Effect.map(Stream.runCollect(respond(request, config)), Chunk.toReadonlyArray)

export const textOf = (events: ReadonlyArray<ProviderEvent>) =>
  events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")

export const ask = (text: string, config?: JsonRecord) => Effect.map(reply(asking(text), config), textOf)

export const script = (...replies: ReadonlyArray<MockReply>) =>
  Effect.flatMap(MockProvider, (mock) => mock.script(replies))

/** Makes a call in the background and collects what it has emitted so far. */
export const watch = Effect.fnUntraced(function*(config?: JsonRecord) {
  const seen: Array<ProviderEvent> = []
  const fiber = yield* Effect.fork(
    Stream.runForEach(respond(asking("one two three"), config), (event) => Effect.sync(() => seen.push(event)))
  )
  return {
    after: (wait: Duration.DurationInput) => Effect.map(TestClock.adjust(wait), () => textOf(seen)),
    isRunning: () => fiber.unsafePoll() === null,
    fiber,
    seen
  }
})
