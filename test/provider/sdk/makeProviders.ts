import { Effect, Layer, Redacted } from "effect"
import { AnthropicProvider } from "../../../src/layers/provider/AnthropicProvider.js"
import * as ChatCompletionsProvider from "../../../src/layers/provider/ChatCompletionsProvider.js"
import { OpenAiProvider } from "../../../src/layers/provider/OpenAiProvider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"

const apiKey = Redacted.make("sk-test")

/** Prints, for each provider, the problem with which its layer fails. */
const layers = [
  Layer.discard(OpenAiProvider.layer({ apiKey })),
  ChatCompletionsProvider.layer({ baseUrl: "http://localhost/v1" }),
  Layer.discard(AnthropicProvider.layer({ apiKey }))
]

const problems = Effect.forEach(
  layers,
  (layer) =>
    Layer.launch(layer).pipe(
      Effect.provide(ProviderRegistry.layer()),
      Effect.flip,
      Effect.map(({ message }) => message)
    )
)

process.stdout.write(JSON.stringify(await Effect.runPromise(problems)))
