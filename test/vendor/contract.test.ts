import { describe, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { AnthropicProvider } from "../../src/layers/provider/AnthropicProvider.js"
import * as ChatCompletionsProvider from "../../src/layers/provider/ChatCompletionsProvider.js"
import { OpenAiProvider } from "../../src/layers/provider/OpenAiProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as MemorySessionStore from "../../src/layers/store/MemorySessionStore.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionManagerContract } from "../../src/testing/SessionManagerContract.js"
import { apiKey as anthropicKey, makeAnthropicServer } from "./AnthropicServer.js"
import { makeChatCompletionsServer } from "./ChatCompletionsServer.js"
import { makeOpenAiServer } from "./OpenAiServer.js"

const apiKey = Redacted.make("sk-test")
const name = "mock"

/** In packets of so many bytes. */
const vendors = (packet: { readonly packet?: number }) => ({
  openai: Effect.map(
    makeOpenAiServer(packet),
    ({ url }) => OpenAiProvider.layer({ name, apiKey, baseUrl: `${url}/v1` })
  ),
  "openai, as a chain of responses": Effect.map(
    makeOpenAiServer(packet),
    ({ url }) => OpenAiProvider.layer({ name, apiKey, baseUrl: `${url}/v1`, conversation: "responses" })
  ),
  anthropic: Effect.map(
    makeAnthropicServer(packet),
    ({ url }) => AnthropicProvider.layer({ name, apiKey: Redacted.make(anthropicKey), baseUrl: url })
  ),
  "chat completions": Effect.map(
    makeChatCompletionsServer(packet),
    ({ url }) => ChatCompletionsProvider.layer({ name, apiKey, baseUrl: `${url}/v1` })
  )
})

const cases = [{ packets: "in whole packets", options: {} }, { packets: "split at every byte", options: { packet: 1 } }]
  .flatMap(({ options, packets }) =>
    Object.entries(vendors(options)).map(([vendor, provider]) => ({
      vendor,
      packets,
      manager: SessionRuntime.layer({ drainTimeout: 0 }).pipe(
        Layer.provide([
          MemorySessionStore.layer(),
          IdGenerator.layer,
          Pricing.layerUnknown,
          MiddlewarePipeline.layer(),
          HookBus.layer(),
          Layer.unwrapScoped(provider).pipe(Layer.provideMerge(ProviderRegistry.layer()))
        ])
      )
    }))
  )

describe.each(cases)("SessionManager, answered by $vendor, $packets", ({ manager }) => {
  layer(manager)((it) => {
    for (const { name, run } of SessionManagerContract) it.effect(name, () => run)
  })
})
