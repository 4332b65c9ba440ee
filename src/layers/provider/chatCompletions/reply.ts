import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { APIPromise } from "openai"
import { type ProviderError, ProviderProtocol } from "../../../domain/error/ProviderError.js"
import { JsonRecord } from "../../../domain/Json.js"
import { type FinishReason, type TokenUsage, ToolCallPart } from "../../../domain/Message.js"
import { ProviderEvent } from "../../../services/Provider.js"
import { usageFrom, type VendorLimits, vendorStream } from "../internal/sdk/calls.js"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const ToolCallDelta = Schema.Struct({
  index: maybe(Schema.Number),
  id: maybe(Schema.String),
  function: maybe(Schema.Struct({ name: maybe(Schema.String), arguments: maybe(Schema.String) }))
})

/**
 * What is read of a chunk of a reply. Gateways leave out what they like, and add what they like: thinking comes in fields of
 * various names, and is no part of the reply.
 */
export const ChatChunk = Schema.Struct({
  id: maybe(Schema.String),
  model: maybe(Schema.String),
  choices: maybe(Schema.Array(Schema.Struct({
    index: maybe(Schema.Number),
    delta: maybe(Schema.Struct({
      content: maybe(Schema.String),
      refusal: maybe(Schema.String),
      tool_calls: maybe(Schema.Array(ToolCallDelta))
    })),
    finish_reason: maybe(Schema.String)
  }))),
  usage: maybe(Schema.Struct({
    prompt_tokens: Schema.Unknown,
    completion_tokens: Schema.Unknown,
    prompt_tokens_details: maybe(Schema.Struct({ cached_tokens: Schema.Unknown })),
    completion_tokens_details: maybe(Schema.Struct({ reasoning_tokens: Schema.Unknown }))
  }))
})
export interface ChatChunk extends Schema.Schema.Type<typeof ChatChunk> {}
export type ToolCallDelta = typeof ToolCallDelta.Type

/**
 * Collects tool calls, of which a piece comes at a time.
 */
export interface ToolCalls {
  readonly add: (delta: ToolCallDelta) => void
  /** The calls in their order, or why one cannot be read. A tool without arguments may be called with no text at all. */
  readonly all: () => ReadonlyArray<Either.Either<ToolCallPart, ParseResult.ParseError>>
}

const decodeMakeToolCalls = Schema.decodeUnknownEither(
  Schema.Struct({ ...ToolCallPart.fields, arguments: Schema.parseJson(JsonRecord) })
)

export const makeToolCalls = (): ToolCalls => {
  const calls = new Map<number, { readonly id: string; readonly name: string; readonly json: string }>()
  return {
    add: (delta) => {
      const index = delta.index ?? 0
      const { id = "", json = "", name = "" } = calls.get(index) ?? {}
      calls.set(index, {
        id: delta.id || id,
        name: delta.function?.name || name,
        json: json + (delta.function?.arguments ?? "")
      })
    },
    all: () =>
      [...calls].toSorted(([one], [other]) => one - other).map(([, { id, json, name }]) =>
        decodeMakeToolCalls({ _tag: "ToolCall", id, name, arguments: json || "{}" })
      )
  }
}

type Events = Either.Either<ReadonlyArray<ProviderEvent>, ProviderProtocol>

/**
 * Makes one reply of its chunks.
 */
export interface ReplyReader {
  readonly read: (chunk: unknown) => Events
  /** Whether the reply is whole: only its usage may come after that. */
  readonly isWhole: () => boolean
  /** What is known only when no more comes: the tool calls, and how it ended. */
  readonly end: () => Events
}

const reasons = new Map<string, Exclude<FinishReason, "cut">>([
  ["stop", "complete"],
  ["length", "length"],
  ["tool_calls", "toolCalls"],
  ["function_call", "toolCalls"],
  ["content_filter", "refusal"]
])

const decode = Schema.decodeUnknownEither(ChatChunk)

export const makeReplyReader = (provider: string): ReplyReader => {
  const toolCalls = makeToolCalls()
  let finish: string | undefined
  let refused = false
  let usage: TokenUsage | undefined
  let messageId: string | undefined
  let model: string | undefined

  const broken = (reason: string) => Either.left(new ProviderProtocol({ provider, reason }))

  const take = (chunk: ChatChunk): ReadonlyArray<ProviderEvent> => {
    const events: Array<ProviderEvent> = []
    messageId = chunk.id || messageId
    model = chunk.model || model
    for (const { delta, finish_reason, index } of chunk.choices ?? []) {
      // More than one is not asked for.
      if ((index ?? 0) !== 0) continue
      if (delta?.content) events.push(ProviderEvent.TextDelta({ text: delta.content }))
      if (delta?.refusal) {
        refused = true
        events.push(ProviderEvent.TextDelta({ text: delta.refusal }))
      }
      for (const call of delta?.tool_calls ?? []) toolCalls.add(call)
      // Some send an empty one until there is one.
      finish = finish_reason || finish
    }
    const counted = chunk.usage && usageOf(chunk.usage)
    if (counted) {
      usage = counted
      events.push(ProviderEvent.Usage({ usage }))
    }
    return events
  }

  return {
    read: (chunk) =>
      Either.match(decode(chunk), {
        onLeft: () => broken("it sent what is no part of a reply"),
        onRight: (chunk) => Either.right(take(chunk))
      }),
    isWhole: () => finish !== undefined,
    end: () => {
      if (finish === undefined) return broken("it ended without a finish_reason")
      const reason = reasons.get(finish)
      if (reason === undefined) return broken("it ended with a finish_reason that is not known")
      const [unreadable, calls] = Arr.separate(toolCalls.all())
      // At its limit, a reply may end in the middle of a call.
      if (unreadable.length > 0 && reason !== "length") return broken("it calls a tool in no proper way")
      return Either.right([
        ...calls.map((part) => ProviderEvent.ToolCall({ part })),
        ProviderEvent.Finished({
          reason: refused ? "refusal" : isAboutTools(reason) ? (calls.length > 0 ? "toolCalls" : "complete") : reason,
          ...(usage && { usage }),
          ...(messageId !== undefined && { messageId }),
          ...(model !== undefined && { metadata: { model } })
        })
      ])
    }
  }
}

/** Some gateways say `stop` after tool calls, or `tool_calls` after none. */
const isAboutTools = (reason: FinishReason): boolean => reason === "complete" || reason === "toolCalls"

const usageOf = (
  {
    completion_tokens: outputTokens,
    completion_tokens_details: output,
    prompt_tokens: inputTokens,
    prompt_tokens_details: input
  }: NonNullable<ChatChunk["usage"]>
): TokenUsage | undefined =>
  usageFrom({
    inputTokens,
    outputTokens,
    cacheReadTokens: input?.cached_tokens,
    reasoningTokens: output?.reasoning_tokens
  })

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
