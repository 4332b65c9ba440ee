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
import * as SqliteSessionStore from "./store/SqliteSessionStore.js"

/**
 * A kind of store that a name and plain data select.
 */
export interface StoreKind extends Kind<Layer.Layer<SessionStore, ConfigurationError | StoreError>> {}

/**
 * Makes a kind of store for `SessionStores`. The schema `config` decodes its configuration; unknown fields are refused.
 */
export const defineStoreKind = <Config, Encoded>(
  definition: KindDefinition<Config, Encoded, Layer.Layer<SessionStore, ConfigurationError | StoreError>>
): StoreKind => defineKind("store", definition)

const MemoryConfig = Schema.Struct({
  maxSessions: Schema.optionalWith(Schema.Positive.pipe(Schema.int()), { exact: true })
})

const SqliteConfig = Schema.Struct({
  filename: Schema.optionalWith(Schema.String, { exact: true, default: () => "./data/sessions.db" }),
  durability: Schema.optionalWith(Schema.Literal("disk", "process"), { exact: true })
})

const storeKinds = [
  defineStoreKind({ name: "memory", config: MemoryConfig, make: MemorySessionStore.layer }),
  defineStoreKind({ name: "sqlite", config: SqliteConfig, make: SqliteSessionStore.layer })
]

/**
 * The configuration of each built-in kind.
 */
export interface StoreConfigs {
  /** `MemorySessionStore`. */
  readonly memory: typeof MemoryConfig.Encoded
  /** `SqliteSessionStore`. Default of `filename`: `./data/sessions.db`. */
  readonly sqlite: typeof SqliteConfig.Encoded
}

/**
 * Kinds of stores by name, so that a configuration file can select the store.
 */
export class SessionStores extends Context.Tag("langswarm-session/layers/SessionStores")<SessionStores, {
  /** Adds a kind until the scope closes. Fails with `ConfigurationError` when the name is taken. */
  readonly register: (kind: StoreKind) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /**
   * The layer of a store of this kind. Building the layer opens the store. Fails with `ConfigurationError`: for an unknown
   * kind it lists the known ones, for an invalid configuration it names the field.
   */
  readonly create: <Name extends string>(
    name: Name,
    ...config: ConfigArguments<StoreConfigs, Name>
  ) => Effect.Effect<Layer.Layer<SessionStore, ConfigurationError | StoreError>, ConfigurationError>

  /** All kinds, in order of registration, with the JSON Schema of their configuration. */
  readonly list: Effect.Effect<ReadonlyArray<KindInfo>>
}>() {
  /** The kinds `memory` and `sqlite`, and the given ones. Fails with `ConfigurationError` when two have the same name. */
  static readonly layer = (...kinds: ReadonlyArray<StoreKind>): Layer.Layer<SessionStores, ConfigurationError> =>
    Layer.scoped(
      SessionStores,
      Effect.map(
        makeKinds("store", [...storeKinds, ...kinds]),
        ({ list, make, register }) =>
          SessionStores.of({ register, list, create: (name, ...[config = {}]) => make(name, config) })
      )
    )

  /** `create` of the service, as one layer. */
  static readonly create = <Name extends string>(
    name: Name,
    ...config: ConfigArguments<StoreConfigs, Name>
  ): Layer.Layer<SessionStore, ConfigurationError | StoreError, SessionStores> =>
    Layer.unwrapEffect(Effect.flatMap(SessionStores, (stores) => stores.create(name, ...config)))
}
