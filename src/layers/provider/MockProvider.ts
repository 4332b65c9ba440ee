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
import { decodeConfig } from "../../services/internal/config.js"
import { defineProvider, type ProviderRequest } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { makeConversations } from "./mock/conversations.js"
import { defaultSettings, type MockReply, MockSettings, replyStream } from "./mock/reply.js"

const keptRequests = 1000

export type MockProviderOptions = typeof MockSettings.Encoded & {
  /** The name sessions choose it by; `mock` unless told. Give another one to have a second mock. */
  readonly name?: string
  /** What decides which calls `errorRate` fails: the same seed, the same calls. */
  readonly seed?: number | string
  /** What it plays: a provider that is stateless, and takes images, files and tools, unless told. */
  readonly capabilities?: Partial<ProviderCapabilities>
  /** Whose prices its calls have. Unless told those of its model, and `mock-model` has none. */
  readonly vendor?: string
}

/**
 * A provider without a model behind it, for tests and for development. It does the same each time: it waits on the `Clock`
 * only, draws from a seeded generator of its own, and counts a token for each four characters begun.
 *
 * The settings of a session's `providerConfig` (`pattern`, `delay`, `chunkDelay`, `errorRate`, `chunkSize`) go before those
 * here; a wrong one fails `open` with a `ConfigurationError` that names it.
 */
export class MockProvider extends Context.Tag("langswarm-session/layers/provider/MockProvider")<MockProvider, {
  /** `{input}` stands for the text of the last user message. */
  readonly setResponsePattern: (pattern: string) => Effect.Effect<void>

  /** How long a call takes before its first chunk. */
  readonly setResponseDelay: (delay: Duration.DurationInput) => Effect.Effect<void>

  /** How many calls fail, from 0 to 1; fails outside of that. */
  readonly setErrorRate: (rate: number) => Effect.Effect<void, ConfigurationError>

  /** Adds replies for the next calls, one each, in this order. A scripted call is not subject to the error rate. */
  readonly script: (replies: ReadonlyArray<MockReply>) => Effect.Effect<void>

  /**
   * The copies of conversations that it holds are gone, as far as `capabilities` say that it holds any: the next call that
   * counts on one comes with a notice, and with a new cursor.
   */
  readonly expireConversations: Effect.Effect<void>

  /** The cursors that it was asked to forget, oldest first. */
  readonly forgotten: Effect.Effect<ReadonlyArray<string>>

  /** What it was asked, the latest 1,000 calls, oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<ProviderRequest>>
}>() {
  /** Registers a mock until the scope closes. Fails when its name is taken or an option is wrong. */
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
            return yield* new ProviderTransient({ provider: name, reason: "its error rate made this call fail" })
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

  static readonly layer = (
    options?: MockProviderOptions
  ): Layer.Layer<MockProvider, ConfigurationError, ProviderRegistry> =>
    Layer.scoped(MockProvider, MockProvider.make(options))
}

const decodeOptions = decodeConfig(MockSettings, "MockProvider")

/** The replacement is a function, because in a text `$&` and the like would be patterns. */
const fill = (pattern: string, { messages }: ProviderRequest): string =>
  pattern.replaceAll("{input}", () => messages.findLast(({ role }) => role === "user")?.text ?? "")
