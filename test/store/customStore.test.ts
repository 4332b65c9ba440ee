import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { journal } from "../../examples/customStore.js"
import { SessionStores } from "../../src/layers/SessionStores.js"
import * as SessionStoreConformance from "../../src/testing/SessionStoreConformance.js"
import { temporaryFile } from "./temporaryFile.js"

const journalAt = (filename: string) =>
  SessionStores.create("journal", { filename }).pipe(Layer.provide(SessionStores.layer(journal)))

const fresh = Layer.unwrapScoped(Effect.map(temporaryFile, journalAt)).pipe(Layer.provide(NodeContext.layer))

describe("The store of examples/customStore.ts", () => {
  layer(fresh)((it) => {
    for (const { name, run } of SessionStoreConformance.cases) it.effect(name, () => run)
  })

  describe("opened again", () => {
    for (const { name, read, write } of SessionStoreConformance.survival) {
      it.scoped(name, () =>
        Effect.gen(function*() {
          const store = journalAt(yield* temporaryFile)
          const id = yield* Effect.provide(write, store)
          yield* Effect.provide(read(id), store)
        }).pipe(Effect.provide(NodeContext.layer)))
    }

    it.scoped("ignores a line that was only half written", () =>
      Effect.gen(function*() {
        const [survives] = SessionStoreConformance.survival
        assert.isDefined(survives)
        const files = yield* FileSystem.FileSystem
        const filename = yield* temporaryFile
        const store = journalAt(filename)
        const id = yield* Effect.provide(survives?.write ?? Effect.die("no case"), store)
        const whole = yield* files.readFileString(filename)
        yield* files.writeFileString(filename, "[\"commit\",[", { flag: "a" })
        yield* Effect.provide(survives?.read(id) ?? Effect.void, store)
        assert.isTrue((yield* files.readFileString(filename)).startsWith(whole))
        assert.notInclude(yield* files.readFileString(filename), "[\"commit\",[[\"")
      }).pipe(Effect.provide(NodeContext.layer)))
  })

  it.effect("has at most 120 lines", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const text = yield* files.readFileString(new URL("../../examples/customStore.ts", import.meta.url).pathname)
      assert.isBelow(text.split("\n").length, 121)
    }).pipe(Effect.provide(NodeContext.layer)))
})
