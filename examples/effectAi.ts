import { type AiError, LanguageModel, type Prompt, type Response } from "@effect/ai"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Schema, Stream } from "effect"
import { SessionManager, SessionRuntime } from "langswarm-session"
import {
  defineProvider,
  type Message,
  ProviderAuth,
  ProviderEvent,
  ProviderProtocol,
  ProviderRegistry,
  ProviderRejected,
  ProviderTransient
} from "langswarm-session/provider"

/**
 * A provider over the `LanguageModel` of `@effect/ai`, for text. The layer of that service decides on vendor and model.
 */
const makeEffectAi = Effect.map(LanguageModel.LanguageModel, (model) =>
  defineProvider({
    name: "effect-ai",
    capabilities: { conversation: "stateless", images: [], files: [], tools: false },
    configSchema: Schema.Struct({ system: Schema.optional(Schema.NonEmptyString) }),
    open: ({ config: { system } }) =>
      Effect.succeed({
        respond: ({ messages }) => {
          const instructions: ReadonlyArray<Prompt.MessageEncoded> = system ? [{ role: "system", content: system }] : []
          return model.streamText({ prompt: [...instructions, ...messages.map(toPrompt)] }).pipe(
            Stream.filterMap(toEvent),
            Stream.mapError(toProviderError)
          )
        }
      })
  }))

const toPrompt = ({ role, text }: Message): Prompt.MessageEncoded =>
  role === "system"
    ? { role, content: text }
    : { role: role === "assistant" ? role : "user", content: [{ type: "text", text }] }

const toEvent = (part: Response.StreamPart<{}>): Option.Option<ProviderEvent> => {
  if (part.type === "text-delta") return Option.some(ProviderEvent.TextDelta({ text: part.delta }))
  // A reply that ends for any other reason has no `Finished`, and so counts as cut.
  if (part.type !== "finish" || (part.reason !== "stop" && part.reason !== "length")) return Option.none()
  const { inputTokens, outputTokens } = part.usage
  return Option.some(ProviderEvent.Finished({
    reason: part.reason === "stop" ? "complete" : "length",
    ...(inputTokens !== undefined && outputTokens !== undefined && { usage: { inputTokens, outputTokens } })
  }))
}

const toProviderError = (error: AiError.AiError) => {
  const provider = "effect-ai"
  if (error._tag === "HttpRequestError") return new ProviderTransient({ provider, reason: error.reason })
  if (error._tag !== "HttpResponseError") return new ProviderProtocol({ provider, reason: error._tag })
  const { status } = error.response
  const fields = { provider, reason: `HTTP ${status}` }
  if (status === 401 || status === 403) return new ProviderAuth(fields)
  return status === 429 || status >= 500 ? new ProviderTransient(fields) : new ProviderRejected(fields)
}

/** Stands for a vendor's layer, such as `OpenAiLanguageModel.layer({ model: "gpt-5.6" })` of `@effect/ai-openai`. */
const counter = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({
    generateText: () => Effect.succeed([]),
    streamText: ({ prompt }) => {
      const roles = prompt.content.map(({ role }) => role)
      return Stream.fromIterable<Response.StreamPartEncoded>([
        { type: "text-start", id: "1" },
        { type: "text-delta", id: "1", delta: `I was shown ${roles.length} messages: ` },
        { type: "text-delta", id: "1", delta: roles.join(", ") },
        { type: "text-end", id: "1" },
        { type: "finish", reason: "stop", usage: { inputTokens: 7, outputTokens: 5, totalTokens: 12 } }
      ])
    }
  })
)

const program = Effect.gen(function*() {
  const provider = yield* makeEffectAi
  yield* Effect.flatMap(ProviderRegistry, (registry) => registry.register(provider))

  const sessions = yield* SessionManager
  const session = yield* sessions.create({
    userId: "ada",
    provider: "effect-ai",
    model: "counter",
    config: { providerConfig: { system: "Count." } }
  })
  yield* session.send("Hello")
  const reply = yield* session.send("And now?")
  yield* Console.log(reply.text)
  yield* Console.log(`${reply.usage?.outputTokens} tokens`)
})

program.pipe(
  Effect.scoped,
  Effect.provide(Layer.mergeAll(SessionRuntime.layerTest(), counter)),
  NodeRuntime.runMain
)
