import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Order from "effect/Order"
import type * as Scope from "effect/Scope"
import { ConfigurationError } from "../domain/error/RequestError.js"
import type { ProviderInfo } from "../domain/Provider.js"
import type { Provider } from "./Provider.js"

/**
 * The providers that sessions can choose by name.
 */
export class ProviderRegistry extends Context.Tag("langswarm-session/services/ProviderRegistry")<ProviderRegistry, {
  /** Adds a provider until the scope closes. Fails with a `ConfigurationError` when the name is taken. */
  readonly register: (provider: Provider) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /** Fails with a `ConfigurationError` that lists the known names when no provider has this one. */
  readonly get: (name: string) => Effect.Effect<Provider, ConfigurationError>

  /** All providers, sorted by name: layers register them in any order. */
  readonly list: Effect.Effect<ReadonlyArray<Provider>>

  /** Capabilities, defaults and configuration schema of a provider. Fails as `get` does. */
  readonly info: (name: string) => Effect.Effect<ProviderInfo, ConfigurationError>
}>() {
  /** A registry that starts with these providers. */
  static readonly layer = (...providers: ReadonlyArray<Provider>): Layer.Layer<ProviderRegistry, ConfigurationError> =>
    Layer.scoped(
      ProviderRegistry,
      Effect.gen(function*() {
        const byName = new Map<string, Provider>()
        const all = () => Arr.sortWith(byName.values(), ({ name }) => name, Order.string)

        const get = (name: string) =>
          Effect.suspend(() => {
            const provider = byName.get(name)
            return provider ? Effect.succeed(provider) : unknownProvider(name, all().map(({ name }) => name))
          })

        const registry = ProviderRegistry.of({
          register: (provider) =>
            Effect.acquireRelease(
              Effect.suspend(() =>
                byName.has(provider.name)
                  ? new ConfigurationError({
                    problems: [`a provider named "${provider.name}" is already registered; choose another name`]
                  })
                  : Effect.sync(() => byName.set(provider.name, provider))
              ),
              () => Effect.sync(() => byName.delete(provider.name))
            ).pipe(Effect.asVoid),

          get,
          info: (name) => Effect.map(get(name), toInfo),
          list: Effect.sync(all)
        })

        yield* Effect.forEach(providers, registry.register, { discard: true })
        return registry
      })
    )
}

const unknownProvider = (name: string, known: ReadonlyArray<string>) =>
  new ConfigurationError({
    problems: [`there is no provider "${name}"; use one of: ${known.join(", ") || "(none registered)"}`]
  })

const toInfo = ({ capabilities, configSchema, defaultConfig = {}, name }: Provider): ProviderInfo => ({
  name,
  capabilities,
  defaultConfig,
  ...(configSchema && { configSchema })
})
