import { Layer } from "effect"
import type { LocalSessionHostOptions } from "../../src/layers/host/LocalSessionHost.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MemorySessionStore, type MemorySessionStoreOptions } from "../../src/layers/store/MemorySessionStore.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"

/** Like `SessionRuntime.layerTest`, with other limits. */
export const memoryRuntime = (options: LocalSessionHostOptions & MemorySessionStoreOptions) =>
  SessionRuntime.layer({ drainTimeout: 0, ...options }).pipe(Layer.provideMerge(Layer.mergeAll(
    MemorySessionStore.layer(options),
    IdGenerator.layer,
    Pricing.layerUnknown,
    MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer())),
    MiddlewarePipeline.layer(),
    HookBus.layer()
  )))
