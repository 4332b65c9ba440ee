import { Effect, Layer, Redacted } from "effect"
import type { ConfigurationError } from "../../src/domain/error/RequestError.js"
import { AnthropicProvider } from "../../src/layers/provider/AnthropicProvider.js"
import * as ChatCompletionsProvider from "../../src/layers/provider/ChatCompletionsProvider.js"
import { OpenAiProvider } from "../../src/layers/provider/OpenAiProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { apiKey as anthropicKey, makeAnthropicServer } from "./AnthropicServer.js"
import { makeChatCompletionsServer } from "./ChatCompletionsServer.js"
import { makeOpenAiServer } from "./OpenAiServer.js"

const apiKey = Redacted.make("sk-test")
const name = "mock"

/**
 * Each vendor's server, with packets of this many bytes, and the provider that calls it, under the name that suites use.
 */
export const vendors = (packet: { readonly packet?: number } = {}) => ({
  openai: Effect.map(makeOpenAiServer(packet), (server) => ({
    server,
    provider: Layer.discard(OpenAiProvider.layer({ name, apiKey, baseUrl: `${server.url}/v1` }))
  })),
  "openai, as a chain of responses": Effect.map(makeOpenAiServer(packet), (server) => ({
    server,
    provider: Layer.discard(
      OpenAiProvider.layer({ name, apiKey, baseUrl: `${server.url}/v1`, conversation: "responses" })
    )
  })),
  anthropic: Effect.map(makeAnthropicServer(packet), (server) => ({
    server,
    provider: Layer.discard(
      AnthropicProvider.layer({ name, apiKey: Redacted.make(anthropicKey), baseUrl: server.url })
    )
  })),
  "chat completions": Effect.map(makeChatCompletionsServer(packet), (server) => ({
    server,
    provider: ChatCompletionsProvider.layer({ name, apiKey, baseUrl: `${server.url}/v1` })
  }))
})

/**
 * A runtime in memory with this provider.
 */
export const runtimeWith = (provider: Layer.Layer<never, ConfigurationError, ProviderRegistry>) =>
  SessionRuntime.layer({ drainTimeout: 0 }).pipe(
    Layer.provide([
      MemorySessionStore.layer(),
      IdGenerator.layer,
      Pricing.layerUnknown,
      MiddlewarePipeline.layer(),
      HookBus.layer(),
      Layer.provideMerge(provider, ProviderRegistry.layer())
    ])
  )
