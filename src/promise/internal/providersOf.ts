import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import { Providers } from "../../layers/Providers.js"
import type { Provider } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import type { SessionManagerOptions } from "../SessionManagerOptions.js"

type Registering = Layer.Layer<never, ConfigurationError, ProviderRegistry | Providers>

/**
 * Who answers.
 */
export const providersOf = (
  { preset, providerKinds = [], providers = {} }: SessionManagerOptions
): Layer.Layer<ProviderRegistry, ConfigurationError> => {
  const given: ReadonlyArray<Registering> = isList(providers)
    ? providers.map((provider) => "open" in provider ? registering(provider) : provider)
    : Object.entries(providers).map(([name, config]) => named(name, config))
  const hasMock = !isList(providers) && "mock" in providers
  const withMock = preset === "development" ? !hasMock : preset === undefined && given.length === 0
  if (preset === "production" && given.length === 0) return Layer.fail(noProvider)
  return Layer.mergeAll(Layer.empty, ...given, ...(withMock ? [Providers.create("mock")] : [])).pipe(
    Layer.provide(Providers.layer(...providerKinds)),
    Layer.provideMerge(ProviderRegistry.layer())
  )
}

const noProvider = new ConfigurationError({
  problems: ["providers: the preset \"production\" has none of its own; name one, such as { openai: apiKey }"]
})

const isList = (
  providers: NonNullable<SessionManagerOptions["providers"]>
): providers is Extract<typeof providers, ReadonlyArray<unknown>> => Array.isArray(providers)

const registering = (provider: Provider): Registering =>
  Layer.scopedDiscard(Effect.flatMap(ProviderRegistry, (registry) => registry.register(provider)))

const named = (name: string, given: unknown): Registering => {
  if (Predicate.isString(given)) return Providers.create<string>(name, { name, apiKey: given })
  const { kind = name, ...config } = Predicate.isRecord(given) ? given : {}
  return Predicate.isString(kind)
    ? Providers.create<string>(kind, { name, ...config })
    : Layer.fail(new ConfigurationError({ problems: [`providers.${name}.kind must be the name of a kind`] }))
}
