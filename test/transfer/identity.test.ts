import { NodeContext } from "@effect/platform-node"
import type { PlatformError } from "@effect/platform/Error"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import type { ConfigurationError } from "../../src/domain/error/RequestError.js"
import type { StoreError } from "../../src/domain/error/StoreError.js"
import * as SessionLines from "../../src/domain/SessionLines.js"
import { SessionRecord } from "../../src/domain/Transfer.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import type { SessionStore } from "../../src/services/SessionStore.js"
import { token } from "../rpc/token.js"
import { temporaryFile } from "../store/temporaryFile.js"
import { everyKind } from "./everyKind.js"

const memory = MemorySessionStore.layer()
const sqlite = Layer.unwrapScoped(
  Effect.map(temporaryFile, (filename) => SqliteSessionStore.layer({ filename, durability: "process" }))
).pipe(Layer.provide(NodeContext.layer))

type Store = Layer.Layer<SessionStore, ConfigurationError | PlatformError | StoreError>

/** A runtime on a store of its own. */
const over = (store: Store) =>
  SessionRuntime.layer({ drainTimeout: 0, providerRetries: 0 }).pipe(
    Layer.provideMerge(Layer.mergeAll(
      store,
      IdGenerator.layer,
      Pricing.layerUnknown,
      MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer())),
      MiddlewarePipeline.layer(),
      HookBus.layer()
    ))
  )

/** The same runtime through a server and a client. */
const remote = (transport: "http" | "websocket", store: Store) =>
  Layer.unwrapEffect(Effect.map(SessionServer, ({ url }) => SessionClient.layer({ url, token, transport }))).pipe(
    Layer.provide(SessionServer.layer({ token, port: 0, drainTimeout: 0 })),
    Layer.provideMerge(over(store))
  )

const exportAll = Effect.gen(function*() {
  const sessions = yield* SessionManager
  return yield* Stream.mkString(SessionLines.encode(sessions.exportSessions()))
})

const importAll = (text: string) =>
  Effect.gen(function*() {
    const sessions = yield* SessionManager
    const outcomes = yield* Stream.runCollect(
      sessions.importSessions(SessionLines.decode(Stream.encodeText(Stream.succeed(text))))
    )
    return [...outcomes].map(({ outcome }) => outcome)
  })

const exported = (store: Store) => Effect.zipRight(everyKind, exportAll).pipe(Effect.provide(over(store)))

const places = {
  "in memory": over(memory),
  "in SQLite": over(sqlite),
  "in memory, over HTTP": remote("http", memory),
  "in SQLite, over a WebSocket": remote("websocket", sqlite)
}

describe.each([["memory", memory], ["SQLite", sqlite]] as const)(
  "sessions of all kinds, exported from %s,",
  (_, from) => {
    it.scoped.each(Object.entries(places))("are identical after import %s", ([, place]) =>
      Effect.gen(function*() {
        const text = yield* exported(from)
        assert.lengthOf(text.trim().split("\n"), 8)
        yield* Effect.gen(function*() {
          assert.deepStrictEqual(yield* importAll(text), Array.from({ length: 8 }, () => "imported"))
          assert.strictEqual(yield* exportAll, text)
          assert.deepStrictEqual(yield* importAll(text), Array.from({ length: 8 }, () => "unchanged"))
          assert.strictEqual(yield* exportAll, text)
        }).pipe(Effect.provide(place))
      }))

    it.scoped("are valid records", () =>
      Effect.gen(function*() {
        for (const line of (yield* exported(from)).trim().split("\n")) {
          yield* Schema.decode(Schema.parseJson(SessionRecord))(line)
        }
      }))
  }
)
