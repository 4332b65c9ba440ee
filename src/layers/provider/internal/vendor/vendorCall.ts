import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ProviderError } from "../../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../../domain/error/ProviderProtocol.js"
import { boundedFetch } from "./boundedFetch.js"
import { errorFrom } from "./errorFrom.js"
import type { VendorLimits } from "./vendorStream.js"

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
