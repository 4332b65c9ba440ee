import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ProviderError } from "../../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../../domain/error/ProviderProtocol.js"
import { boundedFetch, TooMuch } from "./boundedFetch.js"
import { errorFrom } from "./errorFrom.js"

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
