/**
 * A server to be killed: `server <data directory> <port> [middleware] [slow-disk]`. Prints its address once it listens. It breaks where
 * `LANGSWARM_FAILPOINT` says. Beside its database it appends what outlives it to two files: `calls`, the turns that the
 * provider was called for, and `hooks`, the events that a hook was told of.
 *
 * With `middleware` there is some between the acceptance of a turn and its call, so that the two are not one commit. With
 * `slow-disk` a commit takes its time before and after it is made, so that a kill often finds one under way, and what is said
 * too early is heard.
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

/** Around the failpoints, so that what is said before a commit is heard although the process is killed before it. */
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
  ? MiddlewarePipeline.layer({ name: "looks on", turn: (request) => Effect.succeed(request) })
  : MiddlewarePipeline.layer()

const hooks = HookBus.layer({
  name: "writes down",
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
