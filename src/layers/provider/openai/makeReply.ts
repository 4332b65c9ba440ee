import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import { JsonRecord } from "../../../domain/JsonRecord.js"
import { ProviderEvent } from "../../../services/ProviderEvent.js"
import { errorFrom } from "../internal/vendor/errorFrom.js"
import { opaqueOf } from "./opaqueOf.js"
import { knownEventTypes, OpenAiEvent, type OpenAiResponse } from "./OpenAiEvent.js"
import { knownItemTypes, OpenAiItem, type OpenAiMessage } from "./OpenAiItem.js"
import { usageOf } from "./usageOf.js"

type Step = Either.Either<ProviderEvent, ProviderError>

const decodeEvent = Schema.decodeUnknownEither(OpenAiEvent)
const decodeItem = Schema.decodeUnknownEither(OpenAiItem)
const decodeArguments = Schema.decodeUnknownEither(Schema.parseJson(JsonRecord))

/**
 * Turns the vendor's events, one after the other, into what they mean. The last step is `Finished`, or an error. `cursorOf` says
 * where the vendor's own copy of the conversation is, once there is a response with this id.
 */
export const makeReply = (provider: string, cursorOf: (responseId: string) => string | undefined) => {
  /** Items by their place in the reply: those whose text is no part of it, those that have shown some, those that are done. */
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
    const part = opaqueOf(provider, kind, item, text)
    return part ? [Either.right(ProviderEvent.Opaque({ part }))] : []
  }

  const message = (index: number, raw: object, item: OpenAiMessage): ReadonlyArray<Step> => {
    const whole = item.content.map((part) => part.type === "refusal" ? part.refusal : part.text).join("")
    if (item.phase === "commentary" && !shown.has(index)) return opaque("commentary", raw, whole)
    phase = item.phase ?? phase
    refused ||= item.content.some(({ type }) => type === "refusal")
    return shown.has(index) ? [] : text(index, whole)
  }

  const call = (item: Extract<OpenAiItem, { readonly type: "function_call" }>): ReadonlyArray<Step> => {
    // The reply was cut in the middle of it.
    if (item.status && item.status !== "completed") return []
    const read = decodeArguments(item.arguments.trim() === "" ? "{}" : item.arguments)
    if (Either.isLeft(read)) return [broken("the arguments of its tool call are no JSON object")]
    called = true
    return [Either.right(ProviderEvent.ToolCall({
      part: { _tag: "ToolCall", id: item.call_id, name: item.name, arguments: read.right }
    }))]
  }

  const closeItem = (index: number, raw: Readonly<Record<string, unknown>>): ReadonlyArray<Step> => {
    if (done.has(index)) return []
    done.add(index)
    const type = raw["type"]
    if (typeof type !== "string") return [broken("it sent an item without a type")]
    if (!knownItemTypes.has(type)) return opaque(type, raw)
    const item = Either.getOrUndefined(decodeItem(raw))
    switch (item?.type) {
      case undefined:
        return [broken(`it sent a ${type} that makes no sense`)]
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
    const usage = usageOf(response.usage)
    const cursor = cursorOf(response.id)
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
      ? Either.left(errorFrom(provider, { error }, 0))
      : broken("it failed, and did not say why")

  const add = (unknown: unknown): ReadonlyArray<Step> => {
    const type = Predicate.isRecord(unknown) ? unknown["type"] : undefined
    if (typeof type !== "string" || !knownEventTypes.has(type)) return []
    const event = Either.getOrUndefined(decodeEvent(unknown))
    switch (event?.type) {
      case undefined:
        return [broken(`its event ${type} makes no sense`)]
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
        const usage = usageOf(event.response.usage)
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
