import * as Stream from "effect/Stream"
import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import type { ProviderEvent } from "../../../services/ProviderEvent.js"
import type { OpenAiClient } from "./makeClient.js"
import { makeReply } from "./makeReply.js"

export interface ReplyOptions {
  readonly body: ResponseCreateParamsStreaming
  /** Where the vendor's own copy of the conversation is, once there is a response with this id. */
  readonly cursorOf: (responseId: string) => string | undefined
  /** Told what the SDK throws in place of an answer. */
  readonly onRefused: (thrown: unknown) => void
}

/**
 * One call, from the request to `Finished`.
 */
export const replyStream = (
  client: OpenAiClient,
  { body, cursorOf, onRefused }: ReplyOptions
): Stream.Stream<ProviderEvent, ProviderError> =>
  Stream.suspend(() => {
    const reply = makeReply(client.name, cursorOf)
    return client.stream(async (sdk, signal) => {
      const answer = sdk.responses.create(body, { signal }).withResponse()
      answer.catch(onRefused)
      const { data, request_id } = await answer
      return identified(request_id, data)
    }).pipe(
      Stream.mapConcat(reply.add),
      Stream.mapEffect((step) => step),
      Stream.takeUntil(({ _tag }) => _tag === "Finished"),
      Stream.concat(Stream.suspend(() =>
        reply.isFinished()
          ? Stream.empty
          : Stream.fail(
            new ProviderProtocol({
              provider: client.name,
              reason: "it ended without saying that it was finished"
            })
          )
      ))
    )
  })

/** The id comes in the headers, and is of most use when nothing else does. */
async function* identified(requestId: string | null, events: AsyncIterable<unknown>) {
  if (requestId !== null) yield { type: "identified", requestId }
  yield* events
}
