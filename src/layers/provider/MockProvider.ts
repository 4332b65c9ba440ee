import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ProviderTransient } from "../../domain/error/ProviderError.js"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { ProviderCapabilities } from "../../domain/Provider.js"
import { decodeConfig, layerFromConfig } from "../../services/internal/config.js"
import { defineProvider, type ProviderRequest } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { makeConversations } from "./mock/conversations.js"
import { defaultSettings, type MockReply, MockSettings, replyStream } from "./mock/reply.js"

/**
 * Options of `MockProvider`.
 */
export type MockProviderOptions = typeof MockSettings.Encoded & {
  /** The name that sessions choose it by. A second mock needs another one. Default: `mock`. */
  readonly name?: string
  /** Seed for the calls that `errorRate` fails: the same seed fails the same calls. Default: `langswarm-session`. */
  readonly seed?: number | string
  /** The capabilities it declares. Default: stateless, with images, files and tools of all types. */
  readonly capabilities?: Partial<ProviderCapabilities>
  /** Whose prices apply to its calls. Default: looked up by the model alone; `mock-model` has none. */
  readonly vendor?: string
}

/**
 * A deterministic provider without a model, for tests and development. It waits on the `Clock` only, draws from its own seeded
 * random generator, and counts one token per four characters, rounded up.
 *
 * A session's `providerConfig` (`pattern`, `delay`, `chunkDelay`, `errorRate`, `chunkSize`) overrides the options here; an
 * invalid key fails `open` with a `ConfigurationError` that names it.
 */
export class MockProvider extends Context.Tag("langswarm-session/layers/provider/MockProvider")<MockProvider, {
  /** Sets the reply. `{input}` is replaced by the text of the last user message. */
  readonly setResponsePattern: (pattern: string) => Effect.Effect<void>

  /** Sets the delay before the first chunk of a reply. */
  readonly setResponseDelay: (delay: Duration.DurationInput) => Effect.Effect<void>

  /** Sets the fraction of calls that fail, from 0 to 1. Fails with a `ConfigurationError` outside of that range. */
  readonly setErrorRate: (rate: number) => Effect.Effect<void, ConfigurationError>

  /** Queues replies for the next calls, one each, in this order. The error rate does not apply to a scripted call. */
  readonly script: (replies: ReadonlyArray<MockReply>) => Effect.Effect<void>

  /**
   * Drops the conversations that it holds, if `capabilities.conversation` is `cursor`: the next call of each such session emits
   * a `HistoryReplayed` notice and gets a new cursor.
   */
  readonly expireConversations: Effect.Effect<void>

  /** The cursors passed to `forget`, oldest first. */
  readonly forgotten: Effect.Effect<ReadonlyArray<string>>

  /** The requests of the latest 1,000 calls, oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<ProviderRequest>>
}>() {
  /**
   * Registers a mock until the scope closes. Fails with a `ConfigurationError` when the name is taken or an option is invalid.
   */
  static readonly make: (
    options?: MockProviderOptions
  ) => Effect.Effect<MockProvider["Type"], ConfigurationError, ProviderRegistry | Scope.Scope> = Effect.fnUntraced(
    function*({ capabilities, name = "mock", seed = "langswarm-session", vendor, ...options } = {}) {
      const registry = yield* ProviderRegistry
      const random = Random.make(seed)
      let settings = { ...defaultSettings, ...(yield* decodeOptions(options)) }
      const script: Array<MockReply> = []
      const requests: Array<ProviderRequest> = []
      const conversations = makeConversations(name)
      const can: ProviderCapabilities = {
        conversation: "stateless",
        images: ["image/*"],
        files: ["*/*"],
        tools: true,
        ...capabilities
      }

      const respond = (request: ProviderRequest, model: string, settings: MockSettings) =>
        Effect.gen(function*() {
          requests.push(request)
          if (requests.length > keptRequests) requests.shift()

          const scripted = script.shift()
          if (typeof scripted === "function") return scripted(request)
          const fails = scripted === undefined && settings.errorRate > 0 && (yield* random.next) < settings.errorRate
          if (Duration.greaterThan(settings.delay, Duration.zero)) yield* Effect.sleep(settings.delay)
          if (fails) {
            return yield* new ProviderTransient({ provider: name, reason: "this call was failed by errorRate" })
          }
          const reply = replyStream(scripted ?? { text: fill(settings.pattern, request) }, request, settings)
          return can.conversation === "cursor" ? conversations.hold(request, model, reply) : reply
        })

      const provider = defineProvider({
        name,
        capabilities: can,
        ...(vendor !== undefined && { vendor }),
        configSchema: MockSettings,
        open: ({ config, model }) =>
          Effect.succeed({
            respond: (request) =>
              Stream.unwrap(Effect.suspend(() => respond(request, model, { ...settings, ...config })))
          }),
        ...(can.conversation === "cursor" && {
          forget: (cursor: string) => Effect.sync(() => conversations.forget(cursor))
        })
      })
      yield* registry.register(provider)

      const set = (changed: Partial<MockSettings>) => {
        settings = { ...settings, ...changed }
      }
      return {
        setResponsePattern: (pattern) => Effect.sync(() => set({ pattern })),
        setResponseDelay: (delay) => Effect.sync(() => set({ delay: Duration.decode(delay) })),
        setErrorRate: (errorRate) => Effect.map(decodeOptions({ errorRate }), set),
        script: (replies) => Effect.sync(() => void script.push(...replies)),
        expireConversations: Effect.sync(conversations.expire),
        forgotten: Effect.sync(conversations.forgotten),
        requests: Effect.sync(() => [...requests])
      }
    }
  )

  /** `make` as a layer. */
  static readonly layer = (
    options?: MockProviderOptions
  ): Layer.Layer<MockProvider, ConfigurationError, ProviderRegistry> =>
    Layer.scoped(MockProvider, MockProvider.make(options))

  /** `layer` with options that are read from `Config`, such as `{ errorRate: Config.number("MOCK_ERROR_RATE") }`. */
  static readonly layerConfig = layerFromConfig((options: MockProviderOptions) => MockProvider.layer(options))
}

const keptRequests = 1000

const decodeOptions = decodeConfig(MockSettings, "MockProvider")

/** The replacement is a function: in a string, `$&` and the like would be patterns. */
const fill = (pattern: string, { messages }: ProviderRequest): string =>
  pattern.replaceAll("{input}", () => messages.findLast(({ role }) => role === "user")?.text ?? "")
