/**
 * A server that tests kill: `server <data directory> <port> [middleware] [slow-disk]`. Prints its address once it listens.
 * `LANGSWARM_FAILPOINT` sets the failpoint that kills it. It appends to two files next to its database: `calls`, the turns for
 * which the provider was called, and `hooks`, the events that a hook received.
 *
 * `middleware` adds turn middleware, so that acceptance and call are two commits. `slow-disk` waits before and after each commit,
 * so that a kill often hits one in progress, and an acknowledgement that is sent too early reaches the client.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Stream } from "effect"
import { appendFileSync } from "node:fs"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import type { Provider } from "../../src/services/Provider.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { Failpoints } from "../../src/testing/Failpoints.js"
import { token } from "../rpc/token.js"

const [dataDir = "", port = "0", ...traits] = process.argv.slice(2)

const append = (file: string, line: string) => Effect.sync(() => appendFileSync(`${dataDir}/${file}`, `${line}\n`))

const counted = (provider: Provider): Provider => ({
  ...provider,
  open: (options) =>
    Effect.map(provider.open(options), ({ respond }) => ({
      respond: (request) =>
        Stream.unwrap(Effect.as(append("calls", `${request.sessionId} ${request.turnId}`), respond(request)))
    }))
})

const providers = Layer.effect(
  ProviderRegistry,
  Effect.map(ProviderRegistry, (registry) => ({
    ...registry,
    get: (name: string) => Effect.map(registry.get(name), counted)
  }))
).pipe(
  Layer.provide(MockProvider.layer({ chunkDelay: 2 }).pipe(Layer.provideMerge(ProviderRegistry.layer())))
)

/** Wraps the failpoints, so that an acknowledgement sent before a commit reaches the client before the process is killed. */
const disk = traits.includes("slow-disk")
  ? Layer.effect(
    SessionStore,
    Effect.map(SessionStore, (store) => ({
      ...store,
      commit: (...[id, epoch, changes]: Parameters<typeof store.commit>) =>
        store.commit(id, epoch, changes).pipe(Effect.delay("10 millis"), Effect.zipLeft(Effect.sleep("10 millis")))
    }))
  )
  : Layer.service(SessionStore)

const middleware = traits.includes("middleware")
  ? MiddlewarePipeline.layer({ name: "pass-through", turn: (request) => Effect.succeed(request) })
  : MiddlewarePipeline.layer()

const hooks = HookBus.layer({
  name: "recorder",
  on: (event) => append("hooks", `${event.sessionId} ${event.number} ${event._tag}`)
})

Layer.merge(SessionServer.layer({ token, port: Number(port), drainTimeout: 0 }), Failpoints.layerDrain).pipe(
  Layer.tap((context) => Effect.provide(Effect.flatMap(SessionServer, ({ url }) => Console.log(url)), context)),
  Layer.provide(SessionRuntime.layer({ checkpointEvery: 1, drainTimeout: 0 })),
  Layer.provide(disk),
  Layer.provide(Failpoints.layerServices),
  Layer.provide([
    Failpoints.layer,
    SqliteSessionStore.layer({ filename: `${dataDir}/sessions.db`, durability: "process" }),
    IdGenerator.layer,
    Pricing.layerUnknown,
    middleware,
    providers,
    hooks
  ]),
  Layer.launch,
  NodeRuntime.runMain
)
