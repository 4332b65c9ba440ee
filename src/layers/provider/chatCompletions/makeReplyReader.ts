import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import type { FinishReason } from "../../../domain/FinishReason.js"
import type { TokenUsage } from "../../../domain/TokenUsage.js"
import { ProviderEvent } from "../../../services/ProviderEvent.js"
import { usageFrom } from "../internal/vendor/usageFrom.js"
import { ChatChunk } from "./ChatChunk.js"
import { makeToolCalls } from "./makeToolCalls.js"

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
