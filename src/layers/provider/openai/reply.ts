import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses"
import { type ProviderError, ProviderProtocol } from "../../../domain/error/ProviderError.js"
import { maxTextLength } from "../../../domain/Input.js"
import { JsonRecord } from "../../../domain/Json.js"
import { OpaquePart } from "../../../domain/Message.js"
import { ProviderEvent } from "../../../services/Provider.js"
import { toProviderError } from "../internal/sdk/errors.js"
import type { OpenAiClient } from "./client.js"
import { decodeEvent, decodeItem, type OpenAiItem, type OpenAiResponse, toUsage } from "./events.js"

export interface ReplyOptions {
  readonly body: ResponseCreateParamsStreaming
  /** The cursor to store, once there is a response with this id. */
  readonly toCursor: (responseId: string) => string | undefined
  /** Receives what the SDK throws instead of an answer. */
  readonly onRefused: (thrown: unknown) => void
}

/**
 * Makes one call and emits the reply, from the request id to `Finished`.
 */
export const replyStream = (
  client: OpenAiClient,
  { body, onRefused, toCursor }: ReplyOptions
): Stream.Stream<ProviderEvent, ProviderError> =>
  Stream.suspend(() => {
    const reply = makeReply(client.name, toCursor)
    return client.stream(async (sdk, signal) => {
      const answer = sdk.responses.create(body, { signal }).withResponse()
      answer.catch(onRefused)
      const { data, request_id } = await answer
      return withRequestId(request_id, data)
    }).pipe(
      Stream.mapConcat(reply.add),
      Stream.mapEffect((step) => step),
      Stream.takeUntil(({ _tag }) => _tag === "Finished"),
      Stream.concat(Stream.suspend(() =>
        reply.isFinished()
          ? Stream.empty
          : Stream.fail(
            new ProviderProtocol({ provider: client.name, reason: "the stream ended without a final event" })
          )
      ))
    )
  })

/** The request id arrives with the headers. It is most useful when nothing else arrives. */
async function* withRequestId(requestId: string | null, events: AsyncIterable<unknown>) {
  if (requestId !== null) yield { type: "identified", requestId }
  yield* events
}

type Step = Either.Either<ProviderEvent, ProviderError>

/**
 * Turns the vendor's events, one after the other, into ours. The last step is `Finished` or an error.
 */
const makeReply = (provider: string, toCursor: ReplyOptions["toCursor"]) => {
  /** Items by their index in the reply: commentary, whose text is not the reply's; those with text emitted; those closed. */
  const commentary = new Set<number>()
  const shown = new Set<number>()
  const done = new Set<number>()
  let phase: string | undefined
  let refused = false
  let called = false
  let finished = false

  const broken = (reason: string): Step => Either.left(new ProviderProtocol({ provider, reason }))

  const text = (index: number, text: string): ReadonlyArray<Step> => {
    if (commentary.has(index) || text === "") return []
    shown.add(index)
    return [Either.right(ProviderEvent.TextDelta({ text }))]
  }

  const opaque = (kind: string, item: object, text = ""): ReadonlyArray<Step> => {
    const part = toOpaquePart(provider, kind, item, text)
    return part ? [Either.right(ProviderEvent.Opaque({ part }))] : []
  }

  const message = (index: number, raw: object, item: ItemOf<"message">): ReadonlyArray<Step> => {
    const whole = item.content.map((part) => part.type === "refusal" ? part.refusal : part.text).join("")
    if (item.phase === "commentary" && !shown.has(index)) return opaque("commentary", raw, whole)
    phase = item.phase ?? phase
    refused ||= item.content.some(({ type }) => type === "refusal")
    return shown.has(index) ? [] : text(index, whole)
  }

  const call = (item: ItemOf<"function_call">): ReadonlyArray<Step> => {
    // The reply was cut in the middle of this call.
    if (item.status && item.status !== "completed") return []
    const read = decodeArguments(item.arguments.trim() === "" ? "{}" : item.arguments)
    if (Either.isLeft(read)) return [broken("tool call arguments are not a JSON object")]
    called = true
    return [Either.right(ProviderEvent.ToolCall({
      part: { _tag: "ToolCall", id: item.call_id, name: item.name, arguments: read.right }
    }))]
  }

  const closeItem = (index: number, raw: Readonly<Record<string, unknown>>): ReadonlyArray<Step> => {
    if (done.has(index)) return []
    done.add(index)
    const type = raw["type"]
    if (typeof type !== "string") return [broken("an item without a type")]
    const decoded = decodeItem(type, raw)
    if (decoded === undefined) return opaque(type, raw)
    if (Either.isLeft(decoded)) return [broken(decoded.left)]
    const item = decoded.right
    switch (item.type) {
      case "message":
        return message(index, raw, item)
      case "function_call":
        return call(item)
      case "reasoning":
        return opaque(type, raw, (item.summary ?? []).map(({ text }) => text).join("\n\n"))
    }
  }

  const finish = (response: OpenAiResponse, cut?: "length" | "refusal"): ReadonlyArray<Step> => {
    finished = true
    const rest = (response.output ?? []).flatMap((item, index) => closeItem(index, item))
    const usage = toUsage(response.usage)
    const cursor = toCursor(response.id)
    return [
      ...rest,
      Either.right(ProviderEvent.Finished({
        reason: cut ?? (called ? "toolCalls" : refused ? "refusal" : "complete"),
        ...(usage && { usage }),
        messageId: response.id,
        metadata: {
          responseId: response.id,
          ...(response.model && { model: response.model }),
          ...(response.status && { status: response.status }),
          ...(response.service_tier && { serviceTier: response.service_tier }),
          ...(phase && { phase })
        },
        ...(cursor !== undefined && { cursor })
      }))
    ]
  }

  const failed = (error: unknown): Step =>
    Predicate.isRecord(error) && typeof error["code"] === "string"
      ? Either.left(toProviderError(provider, { error }, 0))
      : broken("the response failed without an error code")

  const add = (input: unknown): ReadonlyArray<Step> => {
    const decoded = decodeEvent(input)
    if (decoded === undefined) return []
    if (Either.isLeft(decoded)) return [broken(decoded.left)]
    const event = decoded.right
    switch (event.type) {
      case "identified":
        return [Either.right(ProviderEvent.Identified({ requestId: event.requestId }))]
      case "response.output_item.added":
        if (event.item["phase"] === "commentary") commentary.add(event.output_index)
        return []
      case "response.refusal.delta":
        refused = true
        return text(event.output_index, event.delta)
      case "response.output_text.delta":
        return text(event.output_index, event.delta)
      case "response.output_item.done":
        return closeItem(event.output_index, event.item)
      case "response.completed":
        return finish(event.response)
      case "response.incomplete":
        return finish(
          event.response,
          event.response.incomplete_details?.reason === "content_filter" ? "refusal" : "length"
        )
      case "response.failed": {
        const usage = toUsage(event.response.usage)
        return [
          ...(usage ? [Either.right(ProviderEvent.Usage({ usage }))] : []),
          failed(event.response.error)
        ]
      }
      case "error": {
        const { type: _, ...error } = event
        return [failed(error)]
      }
    }
  }

  return { add, isFinished: () => finished }
}

type ItemOf<Type extends OpenAiItem["type"]> = Extract<OpenAiItem, { readonly type: Type }>

const decodeArguments = Schema.decodeUnknownEither(Schema.parseJson(JsonRecord))

/**
 * An item as a part that can be sent back unchanged. Undefined when it is too large for a part, such as a big image: the vendor
 * accepts a history without it.
 */
const toOpaquePart = (provider: string, kind: string, item: object, text: string): OpaquePart | undefined => {
  const part = {
    _tag: "Opaque" as const,
    provider,
    kind,
    data: JSON.stringify(item),
    ...(text !== "" && { text: text.slice(0, maxTextLength).toWellFormed() })
  }
  return isOpaquePart(part) ? part : undefined
}

const isOpaquePart = Schema.is(OpaquePart)
