import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { defineStoreKind } from "../defineStoreKind.js"
import * as MemorySessionStore from "../store/MemorySessionStore.js"

export const MemoryConfig = Schema.Struct({
  maxSessions: Schema.optionalWith(Schema.Positive.pipe(Schema.int()), { exact: true })
})

/** `serve` keeps its sessions there, unless told. */
const defaultFilename = "./data/sessions.db"

export const SqliteConfig = Schema.Struct({
  filename: Schema.optionalWith(Schema.String, { exact: true, default: () => defaultFilename }),
  durability: Schema.optionalWith(Schema.Literal("disk", "process"), { exact: true })
})

/**
 * The stores there are. SQLite's driver is loaded by who makes such a store.
 */
export const storeKinds = [
  defineStoreKind({ name: "memory", config: MemoryConfig, make: MemorySessionStore.layer }),
  defineStoreKind({
    name: "sqlite",
    config: SqliteConfig,
    make: (options) =>
      Layer.unwrapEffect(
        Effect.map(Effect.promise(() => import("../store/SqliteSessionStore.js")), ({ layer }) => layer(options))
      )
  })
]
