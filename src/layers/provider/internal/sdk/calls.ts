import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type ProviderError, ProviderProtocol } from "../../../../domain/error/ProviderError.js"
import { JsonRecord } from "../../../../domain/Json.js"
import { TokenUsage } from "../../../../domain/Message.js"
import { errorFrom } from "./errors.js"
import { boundedFetch, TooMuch } from "./transport.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * A tool that the model may ask for. The application runs it, and sends a `ToolResult`.
 */
export const ToolDefinition = Schema.Struct({
  name: Schema.String.pipe(
    Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, { description: "1 to 64 letters, digits, '-' or '_'" })
  ),
  description: optional(Schema.String),
  /** The arguments, as a JSON Schema. */
  parameters: JsonRecord
})
export interface ToolDefinition extends Schema.Schema.Type<typeof ToolDefinition> {}

/**
 * What a session's `providerConfig` may hold for any vendor, so that it can change vendors and keep it.
 */
export const ModelSettings = Schema.Struct({
  /** The system prompt. Sent with each call, before system messages of the history. */
  system: optional(Schema.NonEmptyString),
  /** The longest reply. */
  maxTokens: optional(Schema.Positive.pipe(Schema.int())),
  tools: optional(Schema.Array(ToolDefinition).pipe(Schema.maxItems(128))),
  /** `auto` unless told; `required` demands some tool, a name that one. */
  toolChoice: optional(
    Schema.Union(Schema.Literal("auto", "required", "none"), Schema.Struct({ name: Schema.String }))
  ),
  /** More fields of the vendor's request, as the vendor names them. They win. */
  extra: optional(JsonRecord)
})
export interface ModelSettings extends Schema.Schema.Type<typeof ModelSettings> {}

const decode = Schema.decodeUnknownEither(TokenUsage)

/**
 * What a vendor says it has counted, or nothing: a count that is missing, negative or more than its whole is not known.
 */
export const usageFrom = (counted: { readonly [Field in keyof TokenUsage]: unknown }): TokenUsage | undefined => {
  const present = Object.fromEntries(
    Object.entries(counted).filter(([, count]) => count !== undefined && count !== null)
  )
  const usage = Either.getOrUndefined(decode(present))
  if (usage === undefined) return undefined
  const { cacheReadTokens = 0, cacheWriteTokens = 0, inputTokens, outputTokens, reasoningTokens = 0 } = usage
  return cacheReadTokens + cacheWriteTokens <= inputTokens && reasoningTokens <= outputTokens ? usage : undefined
}

/**
 * Bounds of a call. All have defaults.
 */
export interface VendorLimits {
  /** From the call to the first sign of an answer. 60 seconds unless told. */
  readonly firstByteTimeout?: Duration.DurationInput
  /** From one sign of life to the next, while a reply arrives. 30 seconds unless told. */
  readonly idleTimeout?: Duration.DurationInput
  /** Bytes of a whole reply as it is sent, overhead included. 64 MiB unless told. */
  readonly maxReplyBytes?: number
  /**
   * Bytes of one line of a reply: an event, in which a whole image may come. The SDKs look for the end of a line from its
   * beginning each time that more of it comes, so that 8 MiB cost seconds. 4 MiB unless told.
   */
  readonly maxLineBytes?: number
}

/**
 * Calls a vendor through its SDK, and shows the events as they come. Ending the stream closes the connection. `connect` must
 * pass on the signal and use the `fetch`.
 */
export const vendorStream = <Event>(
  provider: string,
  connect: (signal: AbortSignal, fetch: typeof globalThis.fetch) => Promise<AsyncIterable<Event>>,
  { firstByteTimeout = "60 seconds", idleTimeout = "30 seconds", maxLineBytes, maxReplyBytes = 64 * 1024 * 1024 }:
    VendorLimits
): Stream.Stream<Event, ProviderError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const clock = yield* Effect.clock
    const abort = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (abort) => Effect.sync(() => abort.abort())
    )
    let lastSign = clock.unsafeCurrentTimeMillis()
    const onBytes = () => {
      lastSign = clock.unsafeCurrentTimeMillis()
    }
    const fetch = boundedFetch(maxReplyBytes, onBytes, maxLineBytes)
    const failed = (thrown: unknown): ProviderError => {
      const tooMuch = causeOf(thrown)
      return tooMuch
        ? new ProviderProtocol({ provider, reason: tooMuch.message })
        : errorFrom(provider, thrown, clock.unsafeCurrentTimeMillis())
    }

    const events = yield* Effect.tryPromise({ try: () => connect(abort.signal, fetch), catch: failed }).pipe(
      Effect.timeoutFail({
        duration: firstByteTimeout,
        onTimeout: () => silent(provider, "it did not answer", firstByteTimeout)
      })
    )

    const idle = Duration.toMillis(idleTimeout)
    const watch: Effect.Effect<never, ProviderProtocol> = Effect.suspend(() => {
      const left = lastSign + idle - clock.unsafeCurrentTimeMillis()
      return left > 0
        ? Effect.flatMap(Effect.sleep(left), () => watch)
        : silent(provider, "it fell silent", idleTimeout)
    })
    return Stream.interruptWhen(Stream.fromAsyncIterable(abortedFirst(events, abort), failed), watch)
  }))

const silent = (provider: string, what: string, limit: Duration.DurationInput) =>
  new ProviderProtocol({ provider, reason: `${what} for ${Duration.format(limit)}` })

/** To be ended in the middle of waiting, an SDK's stream must be aborted: else it waits for the next event before it ends. */
const abortedFirst = <Event>(events: AsyncIterable<Event>, abort: AbortController): AsyncIterable<Event> => ({
  [Symbol.asyncIterator]: () => {
    const iterator = events[Symbol.asyncIterator]()
    return {
      next: () => iterator.next(),
      return: async () => {
        abort.abort()
        await iterator.return?.()
        return { done: true, value: undefined }
      }
    }
  }
})

const causeOf = (thrown: unknown): TooMuch | undefined => {
  for (let error = thrown; error instanceof Error; error = error.cause) if (error instanceof TooMuch) return error
  return undefined
}

/**
 * Asks a vendor through its SDK for one answer, and reads it with a schema. `ask` must pass on the signal and use the `fetch`.
 */
export const vendorCall = <A, I>(
  provider: string,
  answer: Schema.Schema<A, I>,
  ask: (signal: AbortSignal, fetch: typeof globalThis.fetch) => PromiseLike<unknown>,
  { firstByteTimeout = "60 seconds", maxReplyBytes = 64 * 1024 * 1024 }: VendorLimits
): Effect.Effect<A, ProviderError> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const said = yield* Effect.tryPromise({
      try: (signal) => ask(signal, boundedFetch(maxReplyBytes, () => {})),
      catch: (thrown) => errorFrom(provider, thrown, clock.unsafeCurrentTimeMillis())
    }).pipe(
      Effect.timeoutFail({
        duration: firstByteTimeout,
        onTimeout: () =>
          new ProviderProtocol({ provider, reason: `it did not answer for ${Duration.format(firstByteTimeout)}` })
      })
    )
    return yield* Effect.mapError(
      Schema.decodeUnknown(answer)(said),
      () => new ProviderProtocol({ provider, reason: "its answer is not what was asked for" })
    )
  })
