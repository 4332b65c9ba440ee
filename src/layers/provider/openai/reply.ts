import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses"
import { type ProviderError, ProviderProtocol } from "../../../domain/error/ProviderError.js"
import { maxTextLength } from "../../../domain/Input.js"
import { JsonRecord } from "../../../domain/Json.js"
import { OpaquePart, type TokenUsage } from "../../../domain/Message.js"
import { ProviderEvent } from "../../../services/Provider.js"
import { usageFrom } from "../internal/sdk/calls.js"
import { errorFrom } from "../internal/sdk/errors.js"
import type { OpenAiClient } from "./client.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullishOr(schema), { exact: true })
const word = Schema.String.pipe(Schema.maxLength(512))
/** The very object: it may have to go back as it is. */
const item = Schema.declare(Predicate.isReadonlyRecord)
const ofItem = { output_index: Schema.Number }

/** A whole response, as far as it matters here. */
const Response = Schema.Struct({
  id: word,
  model: optional(word),
  status: optional(word),
  service_tier: optional(word),
  output: optional(Schema.Array(item)),
  usage: optional(Schema.Unknown),
  error: optional(Schema.Unknown),
  incomplete_details: optional(Schema.Struct({ reason: optional(Schema.String) }))
})

/**
 * Those of the vendor's events that a reply is made of. An SDK says what their types are, and checks nothing.
 */
export const OpenAiEvent = Schema.Union(
  /** Not the vendor's: what the headers of its answer say. */
  Schema.Struct({ type: Schema.Literal("identified"), requestId: Schema.String }),
  Schema.Struct({ type: Schema.Literal("response.output_item.added"), ...ofItem, item }),
  Schema.Struct({ type: Schema.Literal("response.output_text.delta"), ...ofItem, delta: Schema.String }),
  Schema.Struct({ type: Schema.Literal("response.refusal.delta"), ...ofItem, delta: Schema.String }),
  Schema.Struct({ type: Schema.Literal("response.output_item.done"), ...ofItem, item }),
  Schema.Struct({ type: Schema.Literal("response.completed"), response: Response }),
  Schema.Struct({ type: Schema.Literal("response.incomplete"), response: Response }),
  Schema.Struct({ type: Schema.Literal("response.failed"), response: Response }),
  Schema.Struct({
    type: Schema.Literal("error"),
    code: optional(Schema.String),
    message: optional(Schema.String),
    param: optional(Schema.String)
  })
)
export type OpenAiEvent = typeof OpenAiEvent.Type
export type OpenAiResponse = typeof Response.Type

/** More are sent, and yet more will be. */
export const knownEventTypes: ReadonlySet<string> = new Set(
  OpenAiEvent.members.flatMap(({ fields }) => fields.type.literals)
)

const optionalOpenAiItem = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.NullishOr(schema), { exact: true })
const texts = Schema.Array(Schema.Struct({ text: Schema.String }))

/**
 * The items of a reply that are understood. All others are opaque.
 */
export const OpenAiItem = Schema.Union(
  Schema.Struct({
    type: Schema.Literal("message"),
    phase: optionalOpenAiItem(Schema.String),
    content: Schema.Array(
      Schema.Union(
        Schema.Struct({ type: Schema.Literal("output_text"), text: Schema.String }),
        Schema.Struct({ type: Schema.Literal("refusal"), refusal: Schema.String })
      )
    )
  }),
  Schema.Struct({
    type: Schema.Literal("function_call"),
    call_id: Schema.String,
    name: Schema.String,
    arguments: Schema.String,
    status: optionalOpenAiItem(Schema.String)
  }),
  Schema.Struct({ type: Schema.Literal("reasoning"), summary: optionalOpenAiItem(texts) })
)
export type OpenAiItem = typeof OpenAiItem.Type
export type OpenAiMessage = Extract<OpenAiItem, { readonly type: "message" }>

export const knownItemTypes: ReadonlySet<string> = new Set(
  OpenAiItem.members.flatMap(({ fields }) => fields.type.literals)
)

const isPart = Schema.is(OpaquePart)

/**
 * An item of a reply as a part that can go back as it is. Nothing when it is more than a part may be, such as a large image: the
 * vendor takes a history without it too.
 */
export const opaqueOf = (provider: string, kind: string, item: object, text: string): OpaquePart | undefined => {
  const part = {
    _tag: "Opaque" as const,
    provider,
    kind,
    data: JSON.stringify(item),
    ...(text !== "" && { text: text.slice(0, maxTextLength).toWellFormed() })
  }
  return isPart(part) ? part : undefined
}

/** The vendor counts the cached input as input, and the thinking as output, as we do. */
export const usageOf = (usage: unknown): TokenUsage | undefined => {
  if (!Predicate.isRecord(usage)) return undefined
  const input = detailsOf(usage["input_tokens_details"])
  const output = detailsOf(usage["output_tokens_details"])
  return usageFrom({
    inputTokens: usage["input_tokens"],
    outputTokens: usage["output_tokens"],
    cacheReadTokens: input["cached_tokens"],
    cacheWriteTokens: input["cache_write_tokens"],
    reasoningTokens: output["reasoning_tokens"]
  })
}

const detailsOf = (details: unknown) => Predicate.isRecord(details) ? details : {}

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
