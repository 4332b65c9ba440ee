import type { Anthropic } from "@anthropic-ai/sdk"
import type { MessageCreateParamsStreaming } from "@anthropic-ai/sdk/resources/messages/messages"
import * as Stream from "effect/Stream"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import type { ProviderEvent } from "../../../services/ProviderEvent.js"
import { type VendorLimits, vendorStream } from "../internal/vendor/vendorStream.js"
import { replyReader } from "./replyReader.js"

/**
 * Makes one call, and shows the reply while it arrives. It is over with the vendor's `message_stop`: the SDK takes a stream
 * that just ends for a whole one.
 */
export const replyStream = (
  provider: string,
  client: (fetch: typeof globalThis.fetch) => Anthropic,
  request: () => MessageCreateParamsStreaming,
  limits: VendorLimits
): Stream.Stream<ProviderEvent, ProviderError> =>
  Stream.suspend(() => {
    const body = request()
    return vendorStream<unknown>(
      provider,
      async (signal, fetch) => {
        const { data, request_id } = await client(fetch).messages.create(body, { signal }).withResponse()
        return connected(request_id, data)
      },
      limits
    ).pipe(
      Stream.mapConcatEffect(replyReader(provider)),
      Stream.concat(Stream.fail(new ProviderProtocol({ provider, reason: "it ended before its reply did" }))),
      Stream.takeUntil(({ _tag }) => _tag === "Finished")
    )
  })

/** The request's id is known as soon as there are headers, and so before the first event. */
async function* connected(requestId: string | null | undefined, events: AsyncIterable<unknown>) {
  yield { type: "connected", requestId }
  yield* events
}
