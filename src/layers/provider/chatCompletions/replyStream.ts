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
    const connect = async (signal: AbortSignal, fetch: typeof globalThis.fetch) => {
      const { data, request_id } = await call(signal, fetch).withResponse()
      return arrivals(request_id, data)
    }
    return vendorStream<Arrival>(provider, connect, limits).pipe(
      Stream.mapConcatEffect((arrival) =>
        "chunk" in arrival ? reader.read(arrival.chunk) : Effect.succeed([ProviderEvent.Identified(arrival)])
      ),
      Stream.catchAll((error) => reader.isWhole() ? Stream.empty : Stream.fail(error)),
      Stream.concat(Stream.unwrap(Effect.map(Effect.suspend(reader.end), Stream.fromIterable)))
    )
  })

async function* arrivals(requestId: string | null, chunks: AsyncIterable<unknown>): AsyncGenerator<Arrival> {
  if (requestId) yield { requestId }
  for await (const chunk of chunks) yield { chunk }
}
