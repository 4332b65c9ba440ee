import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import { ProviderEvent } from "../../../services/ProviderEvent.js"
import { isIdentifier } from "../internal/vendor/isIdentifier.js"
import { type BlockReader, blockReader } from "./blockReader.js"
import { finishedFrom } from "./finishedFrom.js"
import { StreamEvent } from "./StreamEvent.js"
import { usageOf } from "./usageOf.js"

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
