import type { Anthropic } from "@anthropic-ai/sdk"
import type { ContentBlockParam, MessageCreateParamsStreaming } from "@anthropic-ai/sdk/resources/messages/messages"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type ProviderError, ProviderProtocol, ProviderRejected } from "../../../domain/error/ProviderError.js"
import { maxTextLength } from "../../../domain/Input.js"
import { type FinishReason, OpaquePart, type TokenUsage, ToolCallPart } from "../../../domain/Message.js"
import { ProviderEvent } from "../../../services/Provider.js"
import { usageFrom, type VendorLimits, vendorStream } from "../internal/sdk/calls.js"
import { isIdentifier } from "../internal/sdk/errors.js"

const index = Schema.Number

/** A block as it stands in the stream, whatever else it holds. A record schema would not leave all of it as it is. */
const ContentBlock = Schema.declare((value): value is { readonly type: string; readonly [field: string]: unknown } =>
  Predicate.isRecord(value) && typeof value["type"] === "string"
)
export type ContentBlock = typeof ContentBlock.Type

/** Counts that are missing or make no sense must not fail a reply. */
const usage = Schema.optional(Schema.Unknown)

/**
 * An event of a reply, with what is read of it. `connected` is not the vendor's: it comes first, and tells of the headers.
 */
export const StreamEvent = Schema.Union(
  Schema.Struct({ type: Schema.Literal("connected"), requestId: Schema.NullishOr(Schema.String) }),
  Schema.Struct({
    type: Schema.Literal("message_start"),
    message: Schema.Struct({ id: Schema.optional(Schema.Unknown), model: Schema.optional(Schema.Unknown), usage })
  }),
  Schema.Struct({ type: Schema.Literal("content_block_start"), index, content_block: ContentBlock }),
  Schema.Struct({ type: Schema.Literal("content_block_delta"), index, delta: ContentBlock }),
  Schema.Struct({ type: Schema.Literal("content_block_stop"), index }),
  Schema.Struct({
    type: Schema.Literal("message_delta"),
    delta: Schema.Struct({
      stop_reason: Schema.NullishOr(Schema.String),
      stop_details: Schema.optional(Schema.Unknown)
    }),
    usage
  }),
  Schema.Struct({ type: Schema.Literal("message_stop") })
)
export type StreamEvent = typeof StreamEvent.Type

/**
 * One block of a reply, while it arrives.
 */
export interface BlockReader {
  /** Answers with the text to be shown of it. Kinds of deltas that it does not know are left out. */
  readonly add: (delta: ContentBlock) => string
  /** The part that it was: none if it was text. Left when it is not whole, or is none that a message can keep. */
  readonly end: () => Either.Either<ReadonlyArray<ProviderEvent>, string>
}

export const blockReader = (provider: string, start: ContentBlock): BlockReader => {
  let json = ""
  let thinking = textOf(start["thinking"])
  let signature = textOf(start["signature"])

  return {
    add: (delta) => {
      if (delta.type === "text_delta") return textOf(delta["text"])
      if (delta.type === "input_json_delta") json += textOf(delta["partial_json"])
      if (delta.type === "thinking_delta") thinking += textOf(delta["thinking"])
      if (delta.type === "signature_delta") signature += textOf(delta["signature"])
      return ""
    },
    end: () => {
      if (start.type === "text") return Either.right([])
      const input = json === "" ? Option.some(start["input"]) : parseJson(json)
      if (Option.isNone(input)) return Either.left("it called a tool with broken JSON")
      if (start.type === "tool_use") {
        const { id, name } = start
        return Option.match(decodeToolCall({ _tag: "ToolCall", id, name, arguments: input.value ?? {} }), {
          onNone: () => Either.left("it called a tool in no proper way"),
          onSome: (part) => Either.right([ProviderEvent.ToolCall({ part })])
        })
      }
      const block = {
        ...start,
        ...(input.value !== undefined && { input: input.value }),
        ...(start.type === "thinking" && { thinking, signature })
      }
      const part: OpaquePart = {
        _tag: "Opaque",
        provider,
        kind: start.type,
        data: JSON.stringify(block),
        ...(thinking !== "" && { text: thinking.slice(0, maxTextLength).toWellFormed() })
      }
      return isOpaque(part)
        ? Either.right([ProviderEvent.Opaque({ part })])
        : Either.left("it sent a block that is longer than a message can keep")
    }
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")
const parseJson = Option.liftThrowable((json: string): unknown => JSON.parse(json))
const decodeToolCall = Schema.decodeUnknownOption(ToolCallPart)
const isOpaque = Schema.is(OpaquePart)

/**
 * What a call has used by the vendor's latest counts. Its `input_tokens` are only those that its cache had no part in, so that
 * the whole input is the sum of three.
 */
export const usageOf = (counts: { readonly [name: string]: unknown }): TokenUsage | undefined => {
  const read = counts["cache_read_input_tokens"] ?? undefined
  const written = counts["cache_creation_input_tokens"] ?? undefined
  const details = counts["output_tokens_details"]
  return usageFrom({
    inputTokens: Number(counts["input_tokens"] ?? Number.NaN) + Number(read ?? 0) + Number(written ?? 0),
    outputTokens: counts["output_tokens"],
    cacheReadTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: Predicate.isRecord(details) ? details["thinking_tokens"] : undefined
  })
}

/** What is known of a reply when it ends. */
interface EndedReply {
  readonly provider: string
  readonly message: { readonly id?: unknown; readonly model?: unknown }
  readonly end: { readonly stop_reason?: string | null | undefined; readonly stop_details?: unknown }
  readonly counts: { readonly [name: string]: unknown }
  /** Whether anything has come of it. */
  readonly hasBegun: boolean
  readonly hasCalled: boolean
  /** What is wrong with a part of it, which was left out. */
  readonly broken: string | undefined
}

/**
 * How a reply ends, or the error that it amounts to.
 */
export const finishedFrom = (
  { broken, counts, end, hasBegun, hasCalled, message, provider }: EndedReply
): Either.Either<ProviderEvent, ProviderError> => {
  const stopReason = end.stop_reason
  if (stopReason === undefined || stopReason === null) {
    return Either.left(new ProviderProtocol({ provider, reason: "it ended without saying why" }))
  }
  if (stopReason === "model_context_window_exceeded" && !hasBegun) {
    return Either.left(new ProviderRejected({ provider, reason: stopReason, overflow: true }))
  }
  const reason = reasonOf(stopReason, hasCalled)
  if (broken !== undefined && reason !== "length" && reason !== "refusal") {
    return Either.left(new ProviderProtocol({ provider, reason: broken }))
  }
  const usage = usageOf(counts)
  const words = {
    model: message.model,
    stopReason,
    serviceTier: counts["service_tier"],
    refusalCategory: Predicate.isRecord(end.stop_details) ? end.stop_details["category"] : undefined
  }
  return Either.right(ProviderEvent.Finished({
    reason,
    ...(usage && { usage }),
    ...(isIdentifier(message.id) && { messageId: message.id }),
    metadata: Object.fromEntries(
      Object.entries(words).flatMap(([name, word]) => (isIdentifier(word) ? [[name, word]] : []))
    )
  }))
}

/** Reasons that may be added later end a reply like any other. */
const reasonOf = (stopReason: string, hasCalled: boolean): Exclude<FinishReason, "cut"> => {
  switch (stopReason) {
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length"
    case "tool_use":
      return hasCalled ? "toolCalls" : "complete"
    case "pause_turn":
      return "paused"
    case "refusal":
      return "refusal"
    default:
      return "complete"
  }
}

/**
 * A block of the vendor's own, as it came: the vendor signs some of them, and checks them when they come back, so nothing is
 * added and nothing left out. None if it cannot be read.
 */
export const readBlock = ({ data }: OpaquePart): Option.Option<ContentBlockParam> => Option.filter(parse(data), isBlock)

const parse = Option.liftThrowable((data: string): unknown => JSON.parse(data))

const isBlock = (value: unknown): value is ContentBlockParam =>
  Predicate.isRecord(value) && typeof value["type"] === "string"

type Read = Either.Either<ReadonlyArray<ProviderEvent>, ProviderError>

/**
 * Reads the vendor's events of one reply, in their order, and says of each what it comes to. What the vendor may invent later,
 * new kinds of events, deltas and blocks, is no error.
 */
export const replyReader = (provider: string): (event: unknown) => Read => {
  const blocks = new Map<number, BlockReader>()
  let counts: Readonly<Record<string, unknown>> = {}
  let message: Extract<StreamEvent, { type: "message_start" }>["message"] = {}
  let end: Extract<StreamEvent, { type: "message_delta" }>["delta"] = { stop_reason: undefined }
  let hasBegun = false
  let calls = 0
  let broken: string | undefined

  const count = (latest: unknown): ReadonlyArray<ProviderEvent> => {
    // Later counts take the place of earlier ones; null says nothing.
    if (Predicate.isRecord(latest)) {
      counts = { ...counts, ...Object.fromEntries(Object.entries(latest).filter(([, value]) => value !== null)) }
    }
    const usage = usageOf(counts)
    return usage === undefined ? [] : [ProviderEvent.Usage({ usage })]
  }

  const read = (event: StreamEvent): Read => {
    switch (event.type) {
      case "connected":
        return Either.right(
          isIdentifier(event.requestId) ? [ProviderEvent.Identified({ requestId: event.requestId })] : []
        )
      case "message_start":
        message = event.message
        return Either.right(count(message.usage))
      case "content_block_start": {
        const block = event.content_block
        blocks.set(event.index, blockReader(provider, block))
        return Either.right(block.type === "text" && typeof block["text"] === "string" ? text(block["text"]) : [])
      }
      case "content_block_delta":
        return Either.right(text(blocks.get(event.index)?.add(event.delta) ?? ""))
      case "content_block_stop": {
        const ended = blocks.get(event.index)?.end() ?? Either.right([])
        blocks.delete(event.index)
        // Whether it matters is known later: a reply that hits its limit may end within a tool call.
        if (Either.isLeft(ended)) broken ??= ended.left
        const events = Either.getOrElse(ended, () => [])
        calls += events.filter(({ _tag }) => _tag === "ToolCall").length
        return Either.right(events)
      }
      case "message_delta":
        end = event.delta
        return Either.right(count(event.usage))
      case "message_stop":
        if (blocks.size > 0) broken ??= "it left a part of its reply open"
        return Either.map(
          finishedFrom({ provider, counts, message, end, hasBegun, hasCalled: calls > 0, broken }),
          (finished) => [finished]
        )
    }
  }

  return (event) =>
    Either.match(decode(event), {
      onRight: (event) =>
        Either.map(read(event), (events) => {
          hasBegun ||= events.some(({ _tag }) => _tag === "TextDelta" || _tag === "ToolCall" || _tag === "Opaque")
          return events
        }),
      onLeft: () =>
        Predicate.isRecord(event) && typeof event["type"] === "string" && !known.has(event["type"])
          ? Either.right([])
          : Either.left(new ProviderProtocol({ provider, reason: "it sent an event that makes no sense" }))
    })
}

const text = (text: string): ReadonlyArray<ProviderEvent> => (text === "" ? [] : [ProviderEvent.TextDelta({ text })])

const decode = Schema.decodeUnknownEither(StreamEvent)
const known = new Set<string>(StreamEvent.members.map(({ fields }) => fields.type.literals[0]))

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
