import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { defineStoreKind, SessionStores } from "../../src/layers/SessionStores.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import type * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { temporaryFile } from "../store/temporaryFile.js"

const health = Effect.flatMap(SessionStore, (store) => store.health)

const small = defineStoreKind({
  name: "small",
  config: Schema.Struct({ room: Schema.Positive }),
  make: ({ room }) => MemorySessionStore.layer({ maxSessions: room })
})

/** Typed like the content of a configuration file. */
const named = (name: string, config: Readonly<Record<string, unknown>>) => SessionStores.create(name, config)

const messageOf = (name: string, config: Readonly<Record<string, unknown>>) =>
  Effect.map(Effect.flip(Layer.build(named(name, config))), ({ message }) => message)

describe("SessionStores", () => {
  layer(SessionStores.layer())((it) => {
    it.effect("creates a store in memory and one in SQLite", () =>
      Effect.gen(function*() {
        const filename = yield* temporaryFile
        const stores = yield* SessionStores
        const inMemory = yield* stores.create("memory", { maxSessions: 3 })
        assert.strictEqual((yield* Effect.provide(health, inMemory)).name, "memory")
        const inFile = yield* stores.create("sqlite", { filename, durability: "process" })
        const { durability, name } = yield* Effect.provide(health, inFile)
        assert.deepStrictEqual([name, durability], ["sqlite", "process"])
        const files = yield* FileSystem.FileSystem
        assert.isTrue(yield* files.exists(filename))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

    it.effect("accepts a name and a configuration without types", () =>
      Effect.gen(function*() {
        const { name } = yield* Effect.provide(health, named("memory", JSON.parse("{\"maxSessions\":2}")))
        assert.strictEqual(name, "memory")
      }))

    it.effect("lists the known kinds when a name is unknown", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Layer.build(named("redis", {})))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.strictEqual(error.message, "unknown store kind \"redis\"; use one of: memory, sqlite")
      }).pipe(Effect.scoped))

    it.effect("names an invalid field and what it may be, but not its value", () =>
      Effect.gen(function*() {
        assert.strictEqual(
          yield* messageOf("sqlite", { filename: 4711 }),
          "store \"sqlite\": \"filename\" must be a string (got a number)"
        )
        assert.strictEqual(
          yield* messageOf("sqlite", { filename: "x", durability: "sometimes" }),
          "store \"sqlite\": \"durability\" must be one of \"disk\", \"process\""
        )
        assert.strictEqual(
          yield* messageOf("memory", { maxSessions: 0 }),
          "store \"memory\": \"maxSessions\" must be a positive number"
        )
      }).pipe(Effect.scoped))

    it.effect("refuses an unknown field", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Layer.build(named("sqlite", { filename: "x", fileName: "y" })))
        assert.strictEqual(
          error.message,
          "store \"sqlite\": \"fileName\" is not a known field; known are filename, durability"
        )
      }).pipe(Effect.scoped))

    it.effect("opens no file before the layer is built", () =>
      Effect.gen(function*() {
        const filename = yield* temporaryFile
        yield* Effect.flatMap(SessionStores, (stores) => stores.create("sqlite", { filename }))
        const files = yield* FileSystem.FileSystem
        assert.isFalse(yield* files.exists(filename))
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

    it.effect("lists its kinds with the schema of their configuration", () =>
      Effect.gen(function*() {
        const kinds = yield* Effect.flatMap(SessionStores, ({ list }) => list)
        assert.deepStrictEqual(kinds.map(({ name }) => name), ["memory", "sqlite"])
        const { properties, required } = yield* decodeJsonSchema(kinds[1]?.configSchema)
        assert.deepStrictEqual([Object.keys(properties), required], [["filename", "durability"], []])
      }))

    it.effect("registers a custom kind until its scope closes", () =>
      Effect.gen(function*() {
        const stores = yield* SessionStores
        yield* Effect.scoped(Effect.gen(function*() {
          yield* stores.register(small)
          const { name } = yield* Effect.provide(health, yield* stores.create("small", { room: 2 }))
          assert.strictEqual(name, "memory")
          const refused = yield* Effect.flip(stores.create("small", { room: "big" }))
          assert.strictEqual(refused.message, "store \"small\": \"room\" must be a number (got a string)")
          const taken = yield* Effect.flip(stores.register(small))
          assert.strictEqual(taken.message, "the store kind \"small\" is already registered")
        }))
        const gone = yield* Effect.flip(stores.create("small", { room: 2 }))
        assert.strictEqual(gone.message, "unknown store kind \"small\"; use one of: memory, sqlite")
      }))
  })

  it.effect("starts with custom kinds", () =>
    Effect.gen(function*() {
      const kinds = yield* Effect.flatMap(SessionStores, ({ list }) => list)
      assert.deepStrictEqual(kinds.map(({ name }) => name), ["memory", "sqlite", "small"])
    }).pipe(Effect.provide(SessionStores.layer(small))))

  it.effect("types the configuration of built-in kinds", () =>
    Effect.sync(() => {
      const options: SqliteSessionStore.SqliteSessionStoreOptions = { filename: "x" }
      SessionStores.create("sqlite", options)
      SessionStores.create("memory")
      SessionStores.create("mine", { anything: true })
      // @ts-expect-error: no such field
      SessionStores.create("sqlite", { fileName: "x" })
      // @ts-expect-error: wrong type
      SessionStores.create("memory", { maxSessions: "3" })
    }))
})

const decodeJsonSchema = Schema.decodeUnknown(
  Schema.Struct({
    properties: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
    required: Schema.Array(Schema.String)
  })
)
