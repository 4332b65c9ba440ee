import type { Anthropic } from "@anthropic-ai/sdk"
import type { MessageCreateParamsStreaming } from "@anthropic-ai/sdk/resources/messages/messages"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type ProviderError, ProviderProtocol, ProviderRejected } from "../../../domain/error/ProviderError.js"
import { maxTextLength } from "../../../domain/Input.js"
import { type FinishReason, OpaquePart, ToolCallPart } from "../../../domain/Message.js"
import { ProviderEvent } from "../../../services/Provider.js"
import { type VendorLimits, vendorStream } from "../internal/sdk/calls.js"
import { isIdentifier } from "../internal/sdk/errors.js"
import { type ContentBlock, decodeEvent, type StreamEvent, toUsage } from "./events.js"

/**
 * Makes one call and emits the reply, which ends with the vendor's `message_stop`: the SDK takes a stream that just ends for a
 * complete one.
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
        return withRequestId(request_id, data)
      },
      limits
    ).pipe(
      Stream.mapConcatEffect(makeReplyReader(provider)),
      Stream.concat(
        Stream.fail(new ProviderProtocol({ provider, reason: "the stream ended before the reply was complete" }))
      ),
      Stream.takeUntil(({ _tag }) => _tag === "Finished")
    )
  })

/** The request id arrives with the headers, before the first event. */
async function* withRequestId(requestId: string | null | undefined, events: AsyncIterable<unknown>) {
  yield { type: "connected", requestId }
  yield* events
}

type Read = Either.Either<ReadonlyArray<ProviderEvent>, ProviderError>

/**
 * Turns the vendor's events of one reply into ours, in their order. New kinds of events, deltas and blocks are no error.
 */
const makeReplyReader = (provider: string): (event: unknown) => Read => {
  const blocks = new Map<number, ReturnType<typeof makeBlockReader>>()
  let counts: Readonly<Record<string, unknown>> = {}
  let message: Extract<StreamEvent, { type: "message_start" }>["message"] = {}
  let end: Extract<StreamEvent, { type: "message_delta" }>["delta"] = { stop_reason: undefined }
  let hasBegun = false
  let calls = 0
  let broken: string | undefined

  const count = (latest: unknown): ReadonlyArray<ProviderEvent> => {
    // Later counts replace earlier ones, unless they are null.
    if (Predicate.isRecord(latest)) {
      counts = { ...counts, ...Object.fromEntries(Object.entries(latest).filter(([, value]) => value !== null)) }
    }
    const usage = toUsage(counts)
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
        blocks.set(event.index, makeBlockReader(provider, block))
        return Either.right(block.type === "text" && typeof block["text"] === "string" ? text(block["text"]) : [])
      }
      case "content_block_delta":
        return Either.right(text(blocks.get(event.index)?.add(event.delta) ?? ""))
      case "content_block_stop": {
        const ended = blocks.get(event.index)?.end() ?? Either.right([])
        blocks.delete(event.index)
        // Only the stop reason tells whether this is an error: a reply may reach its limit inside a tool call.
        if (Either.isLeft(ended)) broken ??= ended.left
        const events = Either.getOrElse(ended, () => [])
        calls += events.filter(({ _tag }) => _tag === "ToolCall").length
        return Either.right(events)
      }
      case "message_delta":
        end = event.delta
        return Either.right(count(event.usage))
      case "message_stop":
        if (blocks.size > 0) broken ??= "the reply ended inside a content block"
        return Either.map(
          toFinished({ provider, counts, message, end, hasBegun, hasCalled: calls > 0, broken }),
          (finished) => [finished]
        )
    }
  }

  return (input) => {
    const event = decodeEvent(input)
    if (event === undefined) return Either.right([])
    if (Either.isLeft(event)) return Either.left(new ProviderProtocol({ provider, reason: event.left }))
    return Either.map(read(event.right), (events) => {
      hasBegun ||= events.some(({ _tag }) => _tag === "TextDelta" || _tag === "ToolCall" || _tag === "Opaque")
      return events
    })
  }
}

const text = (text: string): ReadonlyArray<ProviderEvent> => (text === "" ? [] : [ProviderEvent.TextDelta({ text })])

/** What is known of a reply at its end. */
interface EndedReply {
  readonly provider: string
  readonly message: { readonly id?: unknown; readonly model?: unknown }
  readonly end: { readonly stop_reason?: string | null | undefined; readonly stop_details?: unknown }
  readonly counts: { readonly [name: string]: unknown }
  /** Whether any part of it has arrived. */
  readonly hasBegun: boolean
  readonly hasCalled: boolean
  /** What is wrong with a block that was left out. */
  readonly broken: string | undefined
}

/**
 * The end of a reply: `Finished`, or an error.
 */
const toFinished = (
  { broken, counts, end, hasBegun, hasCalled, message, provider }: EndedReply
): Either.Either<ProviderEvent, ProviderError> => {
  const stopReason = end.stop_reason
  if (stopReason === undefined || stopReason === null) {
    return Either.left(new ProviderProtocol({ provider, reason: "the reply ended without a stop_reason" }))
  }
  if (stopReason === "model_context_window_exceeded" && !hasBegun) {
    return Either.left(new ProviderRejected({ provider, reason: stopReason, overflow: true }))
  }
  const reason = toFinishReason(stopReason, hasCalled)
  if (broken !== undefined && reason !== "length" && reason !== "refusal") {
    return Either.left(new ProviderProtocol({ provider, reason: broken }))
  }
  const usage = toUsage(counts)
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

/** A stop reason that is not known counts as a complete reply. */
const toFinishReason = (stopReason: string, hasCalled: boolean): Exclude<FinishReason, "cut"> => {
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
 * Collects one content block. `add` returns the text to emit for a delta; `end` returns the part that the block became, none
 * for text, or why it cannot be kept.
 */
const makeBlockReader = (provider: string, start: ContentBlock) => {
  let json = ""
  let thinking = stringOrEmpty(start["thinking"])
  let signature = stringOrEmpty(start["signature"])

  return {
    add: (delta: ContentBlock): string => {
      if (delta.type === "text_delta") return stringOrEmpty(delta["text"])
      if (delta.type === "input_json_delta") json += stringOrEmpty(delta["partial_json"])
      if (delta.type === "thinking_delta") thinking += stringOrEmpty(delta["thinking"])
      if (delta.type === "signature_delta") signature += stringOrEmpty(delta["signature"])
      return ""
    },
    end: (): Either.Either<ReadonlyArray<ProviderEvent>, string> => {
      if (start.type === "text") return Either.right([])
      const input = json === "" ? Option.some(start["input"]) : parseJson(json)
      if (Option.isNone(input)) return Either.left("tool call arguments are not valid JSON")
      if (start.type === "tool_use") {
        const { id, name } = start
        return Option.match(decodeToolCall({ _tag: "ToolCall", id, name, arguments: input.value ?? {} }), {
          onNone: () => Either.left("invalid tool call"),
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
      return isOpaquePart(part)
        ? Either.right([ProviderEvent.Opaque({ part })])
        : Either.left("a content block is too long to store")
    }
  }
}

const stringOrEmpty = (value: unknown): string => (typeof value === "string" ? value : "")
const parseJson = Option.liftThrowable((json: string): unknown => JSON.parse(json))
const decodeToolCall = Schema.decodeUnknownOption(ToolCallPart)
const isOpaquePart = Schema.is(OpaquePart)
