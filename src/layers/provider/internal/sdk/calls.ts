import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type ProviderError, ProviderProtocol } from "../../../../domain/error/ProviderError.js"
import { toProviderError } from "./errors.js"
import { boundedFetch, LimitExceeded } from "./transport.js"

/**
 * Limits of one call to a vendor.
 */
export interface VendorLimits {
  /** Maximum wait for the response headers. Default: 60 seconds. */
  readonly firstByteTimeout?: Duration.DurationInput
  /** Maximum silence between two packets of a reply, pings included. Default: 30 seconds. */
  readonly idleTimeout?: Duration.DurationInput
  /** Maximum size of a whole reply on the wire, in bytes. Default: 64 MiB. */
  readonly maxReplyBytes?: number
  /**
   * Maximum length of one line of a reply, in bytes. A line is one event, which may hold a whole image. The SDKs rescan a
   * line from its start each time more of it arrives, so that 8 MiB cost seconds. Default: 4 MiB.
   */
  readonly maxLineBytes?: number
}

const defaultFirstByteTimeout = "60 seconds"
const defaultMaxReplyBytes = 64 * 1024 * 1024

/**
 * Calls a vendor through its SDK and emits the events as they arrive. Ending the stream closes the connection. `connect` must
 * use both the signal and the `fetch` it is given.
 */
export const vendorStream = <Event>(
  provider: string,
  connect: (signal: AbortSignal, fetch: typeof globalThis.fetch) => Promise<AsyncIterable<Event>>,
  {
    firstByteTimeout = defaultFirstByteTimeout,
    idleTimeout = "30 seconds",
    maxLineBytes,
    maxReplyBytes = defaultMaxReplyBytes
  }: VendorLimits
): Stream.Stream<Event, ProviderError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const clock = yield* Effect.clock
    const abort = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (abort) => Effect.sync(() => abort.abort())
    )
    let lastPacket = clock.unsafeCurrentTimeMillis()
    const onBytes = () => {
      lastPacket = clock.unsafeCurrentTimeMillis()
    }
    const fetch = boundedFetch(maxReplyBytes, onBytes, maxLineBytes)
    const toError = (thrown: unknown): ProviderError => {
      const exceeded = findLimitExceeded(thrown)
      return exceeded
        ? new ProviderProtocol({ provider, reason: exceeded.message })
        : toProviderError(provider, thrown, clock.unsafeCurrentTimeMillis())
    }

    const events = yield* Effect.tryPromise({ try: () => connect(abort.signal, fetch), catch: toError }).pipe(
      Effect.timeoutFail({ duration: firstByteTimeout, onTimeout: () => noAnswer(provider, firstByteTimeout) })
    )

    const idle = Duration.toMillis(idleTimeout)
    const failWhenIdle: Effect.Effect<never, ProviderProtocol> = Effect.suspend(() => {
      const left = lastPacket + idle - clock.unsafeCurrentTimeMillis()
      return left > 0
        ? Effect.flatMap(Effect.sleep(left), () => failWhenIdle)
        : new ProviderProtocol({ provider, reason: `no data for ${Duration.format(idleTimeout)}` })
    })
    return Stream.interruptWhen(Stream.fromAsyncIterable(abortOnReturn(events, abort), toError), failWhenIdle)
  }))

/**
 * Calls a vendor through its SDK for one answer and decodes it with a schema. `ask` must use both the signal and the `fetch`
 * it is given.
 */
export const vendorCall = <A, I>(
  provider: string,
  answer: Schema.Schema<A, I>,
  ask: (signal: AbortSignal, fetch: typeof globalThis.fetch) => PromiseLike<unknown>,
  { firstByteTimeout = defaultFirstByteTimeout, maxReplyBytes = defaultMaxReplyBytes }: VendorLimits
): Effect.Effect<A, ProviderError> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const answered = yield* Effect.tryPromise({
      try: (signal) => ask(signal, boundedFetch(maxReplyBytes, () => {})),
      catch: (thrown) => toProviderError(provider, thrown, clock.unsafeCurrentTimeMillis())
    }).pipe(
      Effect.timeoutFail({ duration: firstByteTimeout, onTimeout: () => noAnswer(provider, firstByteTimeout) })
    )
    return yield* Effect.mapError(
      Schema.decodeUnknown(answer)(answered),
      () => new ProviderProtocol({ provider, reason: "unexpected answer" })
    )
  })

const noAnswer = (provider: string, limit: Duration.DurationInput) =>
  new ProviderProtocol({ provider, reason: `no answer within ${Duration.format(limit)}` })

/** Ends an SDK's stream at once. On its own, `return` waits until the pending event has arrived. */
const abortOnReturn = <Event>(events: AsyncIterable<Event>, abort: AbortController): AsyncIterable<Event> => ({
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

const findLimitExceeded = (thrown: unknown): LimitExceeded | undefined => {
  for (let error = thrown; error instanceof Error; error = error.cause) if (error instanceof LimitExceeded) return error
  return undefined
}
