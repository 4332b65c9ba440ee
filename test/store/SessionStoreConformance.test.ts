import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import type { SessionStore } from "../../src/services/SessionStore.js"
import * as SessionStoreConformance from "../../src/testing/SessionStoreConformance.js"
import { temporaryFile } from "./temporaryFile.js"

const sqlite = (durability: "disk" | "process") =>
  Layer.unwrapScoped(Effect.map(temporaryFile, (filename) => SqliteSessionStore.layer({ durability, filename }))).pipe(
    Layer.provide(NodeContext.layer)
  )

const conforms = <E>(name: string, layer: Layer.Layer<SessionStore, E>) =>
  it.layer(layer)(name, (it) => {
    for (const { name, run } of SessionStoreConformance.cases) it.effect(name, () => run)
  })

describe("SessionStore", () => {
  conforms("memory", MemorySessionStore.layer())
  conforms("SQLite with durability disk", sqlite("disk"))
  conforms("SQLite with durability process", sqlite("process"))

  describe("SQLite, opened again", () => {
    for (const { name, read, write } of SessionStoreConformance.survival) {
      it.scoped(name, () =>
        Effect.gen(function*() {
          const store = SqliteSessionStore.layer({ filename: yield* temporaryFile })
          const id = yield* Effect.provide(write, store)
          yield* Effect.provide(read(id), store)
        }).pipe(Effect.provide(NodeContext.layer)))
    }
  })
})
