import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { StoreError } from "../domain/error/StoreError.js"
import type { SessionStore } from "../services/SessionStore.js"
import {
  type ConfigArguments,
  defineKind,
  type Kind,
  type KindDefinition,
  type KindInfo,
  makeKinds
} from "./internal/kinds.js"
import { MemorySessionStore } from "./store/MemorySessionStore.js"

/**
 * A way to make a store of plain data, by a name.
 */
export interface StoreKind extends Kind<Layer.Layer<SessionStore, ConfigurationError | StoreError>> {}

/**
 * Makes a kind of store for `SessionStores`. Its configuration is read with the schema `config`, where a key that the schema
 * does not know is refused.
 */
export const defineStoreKind = <Config, Encoded>(
  definition: KindDefinition<Config, Encoded, Layer.Layer<SessionStore, ConfigurationError | StoreError>>
): StoreKind => defineKind("store", definition)

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
        Effect.map(Effect.promise(() => import("./store/SqliteSessionStore.js")), ({ layer }) => layer(options))
      )
  })
]

/**
 * What the stores that are always there are made with.
 */
export interface StoreConfigs {
  /** `MemorySessionStore`. */
  readonly memory: typeof MemoryConfig.Encoded
  /** `SqliteSessionStore`; `filename` is `./data/sessions.db` unless told. */
  readonly sqlite: typeof SqliteConfig.Encoded
}

/**
 * Kinds of stores by name, so that a configuration file can say where sessions are kept.
 */
export class SessionStores extends Context.Tag("langswarm-session/layers/SessionStores")<SessionStores, {
  /** Adds a kind until the scope closes. Fails when its name is taken. */
  readonly register: (kind: StoreKind) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /**
   * A store of this kind, which opens when the layer is built. Fails when there is no such kind, and then lists those there
   * are, or when the configuration does not fit, and then names the field.
   */
  readonly create: <Name extends string>(
    name: Name,
    ...config: ConfigArguments<StoreConfigs, Name>
  ) => Effect.Effect<Layer.Layer<SessionStore, ConfigurationError | StoreError>, ConfigurationError>

  /** All kinds, in the order they were registered, with what their configuration may hold. */
  readonly list: Effect.Effect<ReadonlyArray<KindInfo>>
}>() {
  /** `memory` and `sqlite`, and those that are given. Fails when two have the same name. */
  static readonly layer = (...kinds: ReadonlyArray<StoreKind>): Layer.Layer<SessionStores, ConfigurationError> =>
    Layer.scoped(
      SessionStores,
      Effect.map(
        makeKinds("store", [...storeKinds, ...kinds]),
        ({ list, make, register }) =>
          SessionStores.of({ register, list, create: (name, ...[config = {}]) => make(name, config) })
      )
    )

  /** The same as a layer: what a program needs that has a store's name and configuration, and no store. */
  static readonly create = <Name extends string>(
    name: Name,
    ...config: ConfigArguments<StoreConfigs, Name>
  ): Layer.Layer<SessionStore, ConfigurationError | StoreError, SessionStores> =>
    Layer.unwrapEffect(Effect.flatMap(SessionStores, (stores) => stores.create(name, ...config)))
}
