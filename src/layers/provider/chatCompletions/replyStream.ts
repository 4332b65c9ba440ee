import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { APIPromise } from "openai"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ProviderEvent } from "../../../services/ProviderEvent.js"
import { type VendorLimits, vendorStream } from "../internal/vendor/vendorStream.js"
import { makeReplyReader } from "./makeReplyReader.js"

type Call = (signal: AbortSignal, fetch: typeof globalThis.fetch) => APIPromise<AsyncIterable<unknown>>

type Arrival = { readonly requestId: string } | { readonly chunk: unknown }

/**
 * A gateway's answer as events. A reply whose end was said is whole, whatever becomes of the connection after that.
 */
export const replyStream = (
  provider: string,
  limits: VendorLimits,
  call: Call
): Stream.Stream<ProviderEvent, ProviderError> =>
  Stream.suspend(() => {
    const reader = makeReplyReader(provider)
    return vendorStream(provider, (signal, fetch) => arrivals(call(signal, fetch)), limits).pipe(
      Stream.mapConcatEffect((arrival) =>
        "chunk" in arrival ? reader.read(arrival.chunk) : Effect.succeed([ProviderEvent.Identified(arrival)])
      ),
      Stream.catchAll((error) => reader.isWhole() ? Stream.empty : Stream.fail(error)),
      Stream.concat(Stream.unwrap(Effect.map(Effect.suspend(reader.end), Stream.fromIterable)))
    )
  })

const arrivals = async (call: ReturnType<Call>): Promise<AsyncIterable<Arrival>> => {
  const { data, request_id: requestId } = await call.withResponse()
  return (async function*() {
    if (requestId) yield { requestId }
    for await (const chunk of data) yield { chunk }
  })()
}
