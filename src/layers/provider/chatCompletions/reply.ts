import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { APIPromise } from "openai"
import { type ProviderError, ProviderProtocol } from "../../../domain/error/ProviderError.js"
import { JsonRecord } from "../../../domain/Json.js"
import { type FinishReason, type TokenUsage, ToolCallPart } from "../../../domain/Message.js"
import { ProviderEvent } from "../../../services/Provider.js"
import { type VendorLimits, vendorStream } from "../internal/sdk/calls.js"
import { toTokenUsage } from "../internal/sdk/settings.js"

/**
 * Makes one call and emits the reply. A reply with a `finish_reason` is complete, whatever happens to the connection after it.
 */
export const replyStream = (
  provider: string,
  limits: VendorLimits,
  call: Call
): Stream.Stream<ProviderEvent, ProviderError> =>
  Stream.suspend(() => {
    const reader = makeReplyReader(provider)
    return vendorStream(provider, (signal, fetch) => toArrivals(call(signal, fetch)), limits).pipe(
      Stream.mapConcatEffect((arrival) =>
        "chunk" in arrival ? reader.read(arrival.chunk) : Effect.succeed([ProviderEvent.Identified(arrival)])
      ),
      Stream.catchAll((error) => reader.isComplete() ? Stream.empty : Stream.fail(error)),
      Stream.concat(Stream.unwrap(Effect.map(Effect.suspend(reader.end), Stream.fromIterable)))
    )
  })

type Call = (signal: AbortSignal, fetch: typeof globalThis.fetch) => APIPromise<AsyncIterable<unknown>>

type Arrival = { readonly requestId: string } | { readonly chunk: unknown }

const toArrivals = async (call: ReturnType<Call>): Promise<AsyncIterable<Arrival>> => {
  const { data, request_id: requestId } = await call.withResponse()
  return (async function*() {
    if (requestId) yield { requestId }
    for await (const chunk of data) yield { chunk }
  })()
}

const nullish = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const ToolCallDelta = Schema.Struct({
  index: nullish(Schema.Number),
  id: nullish(Schema.String),
  function: nullish(Schema.Struct({ name: nullish(Schema.String), arguments: nullish(Schema.String) }))
})

/**
 * The fields read of a chunk. Gateways leave fields out and add others: thinking comes under various names and is not kept.
 */
const ChatChunk = Schema.Struct({
  id: nullish(Schema.String),
  model: nullish(Schema.String),
  choices: nullish(Schema.Array(Schema.Struct({
    index: nullish(Schema.Number),
    delta: nullish(Schema.Struct({
      content: nullish(Schema.String),
      refusal: nullish(Schema.String),
      tool_calls: nullish(Schema.Array(ToolCallDelta))
    })),
    finish_reason: nullish(Schema.String)
  }))),
  usage: nullish(Schema.Struct({
    prompt_tokens: Schema.Unknown,
    completion_tokens: Schema.Unknown,
    prompt_tokens_details: nullish(Schema.Struct({ cached_tokens: Schema.Unknown })),
    completion_tokens_details: nullish(Schema.Struct({ reasoning_tokens: Schema.Unknown }))
  }))
})
interface ChatChunk extends Schema.Schema.Type<typeof ChatChunk> {}

const decodeChunk = Schema.decodeUnknownEither(ChatChunk)

/**
 * Turns the chunks of one reply into events. `isComplete` is true once only the usage may follow; `end` gives what is known
 * only after the last chunk: the tool calls and the finish reason.
 */
const makeReplyReader = (provider: string) => {
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
      // Only one choice is requested.
      if ((index ?? 0) !== 0) continue
      if (delta?.content) events.push(ProviderEvent.TextDelta({ text: delta.content }))
      if (delta?.refusal) {
        refused = true
        events.push(ProviderEvent.TextDelta({ text: delta.refusal }))
      }
      for (const call of delta?.tool_calls ?? []) toolCalls.add(call)
      // Some gateways send an empty one until the last chunk.
      finish = finish_reason || finish
    }
    const counted = chunk.usage && toUsage(chunk.usage)
    if (counted) {
      usage = counted
      events.push(ProviderEvent.Usage({ usage }))
    }
    return events
  }

  return {
    read: (chunk: unknown): Either.Either<ReadonlyArray<ProviderEvent>, ProviderProtocol> =>
      Either.match(decodeChunk(chunk), {
        onLeft: () => broken("invalid chunk"),
        onRight: (chunk) => Either.right(take(chunk))
      }),
    isComplete: () => finish !== undefined,
    end: (): Either.Either<ReadonlyArray<ProviderEvent>, ProviderProtocol> => {
      if (finish === undefined) return broken("the stream ended without a finish_reason")
      const reason = finishReasons.get(finish)
      if (reason === undefined) return broken("unknown finish_reason")
      const [unreadable, calls] = Arr.separate(toolCalls.all())
      // A reply that reaches its length limit may end in the middle of a call.
      if (unreadable.length > 0 && reason !== "length") return broken("invalid tool call")
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

const finishReasons = new Map<string, Exclude<FinishReason, "cut">>([
  ["stop", "complete"],
  ["length", "length"],
  ["tool_calls", "toolCalls"],
  ["function_call", "toolCalls"],
  ["content_filter", "refusal"]
])

/** Some gateways send `stop` after tool calls, or `tool_calls` without any. */
const isAboutTools = (reason: FinishReason): boolean => reason === "complete" || reason === "toolCalls"

const toUsage = (
  {
    completion_tokens: outputTokens,
    completion_tokens_details: output,
    prompt_tokens: inputTokens,
    prompt_tokens_details: input
  }: NonNullable<ChatChunk["usage"]>
): TokenUsage | undefined =>
  toTokenUsage({
    inputTokens,
    outputTokens,
    cacheReadTokens: input?.cached_tokens,
    reasoningTokens: output?.reasoning_tokens
  })

/**
 * Collects tool calls, which arrive in pieces. `all` gives them by index; a call without arguments may have no text at all.
 */
const makeToolCalls = () => {
  const calls = new Map<number, { readonly id: string; readonly name: string; readonly json: string }>()
  return {
    add: (delta: typeof ToolCallDelta.Type): void => {
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
        decodeToolCall({ _tag: "ToolCall", id, name, arguments: json || "{}" })
      )
  }
}

const decodeToolCall = Schema.decodeUnknownEither(
  Schema.Struct({ ...ToolCallPart.fields, arguments: Schema.parseJson(JsonRecord) })
)
