import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { temporaryFile } from "../store/temporaryFile.js"

describe("SessionRuntime.layerProductionConfig", () => {
  const runtime = SessionRuntime.layerProductionConfig({
    filename: Config.string("SESSIONS_FILE"),
    idleAfter: Config.duration("SESSIONS_IDLE_AFTER").pipe(Config.withDefault("1 minute"))
  }).pipe(Layer.provide(MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer()))))

  const health = (config: ReadonlyArray<readonly [string, string]>) =>
    Effect.flatMap(SessionManager, (sessions) => sessions.health).pipe(
      Effect.provide(runtime),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(config)))
    )

  it.scopedLive("opens the database file that the configuration names", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      yield* health([["SESSIONS_FILE", filename]])
      const files = yield* FileSystem.FileSystem
      assert.isTrue(yield* files.exists(filename))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("fails with the name of a missing key", () =>
    Effect.gen(function*() {
      assert.include(String(yield* Effect.flip(health([]))), "SESSIONS_FILE")
    }))
})
