import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ProviderEvent } from "../../../services/ProviderEvent.js"
import type { ProviderRequest } from "../../../services/ProviderRequest.js"
import type { ScriptedReply } from "./MockReply.js"
import type { MockSettings } from "./MockSettings.js"

const charactersPerToken = 4

/**
 * Plays a reply from its first chunk on. Without a delay between chunks all of it is one array of events.
 */
export const replyStream = (
  reply: ScriptedReply,
  request: ProviderRequest,
  settings: MockSettings
): Stream.Stream<ProviderEvent, ProviderError> => {
  const once = onceThrough(reply, request, settings)
  return reply.repeat ? Stream.concat(once, once) : once
}

const onceThrough = (
  { end, ...reply }: ScriptedReply,
  request: ProviderRequest,
  { chunkDelay, chunkSize }: MockSettings
): Stream.Stream<ProviderEvent, ProviderError> => {
  const events = reply.events ?? eventsOf(reply, chunkSize)
  if (end === undefined) {
    const isFinished = events.some(({ _tag }) => _tag === "Finished")
    return paced(isFinished ? events : [...events, finishedAfter(events, request)], chunkDelay)
  }
  if (end === "cut") return paced(events, chunkDelay)
  if (end === "stall") return Stream.concat(paced(events, chunkDelay), Stream.never)
  return end._tag === "Finished"
    ? paced([...events, end], chunkDelay)
    : Stream.concat(paced(events, chunkDelay), Stream.fail(end))
}

const eventsOf = ({ text = [], toolCalls = [] }: ScriptedReply, chunkSize: number): ReadonlyArray<ProviderEvent> => [
  ...(typeof text === "string" ? chunksOf(text, chunkSize) : text).map((text) => ProviderEvent.TextDelta({ text })),
  ...toolCalls.map((part) => ProviderEvent.ToolCall({ part }))
]

const finishedAfter = (events: ReadonlyArray<ProviderEvent>, { messages }: ProviderRequest): ProviderEvent =>
  ProviderEvent.Finished({
    reason: events.some(({ _tag }) => _tag === "ToolCall") ? "toolCalls" : "complete",
    usage: {
      inputTokens: tokensOf(messages.map(({ text }) => text)),
      outputTokens: tokensOf(events.map((event) => (event._tag === "TextDelta" ? event.text : "")))
    }
  })

const paced = (events: ReadonlyArray<ProviderEvent>, delay: Duration.Duration): Stream.Stream<ProviderEvent> => {
  const all = Stream.fromChunk(Chunk.unsafeFromArray(events))
  return Duration.equals(delay, Duration.zero) ? all : Stream.zipWithIndex(all).pipe(
    Stream.mapEffect(([event, index]) =>
      index === 0 || event._tag === "Finished" ? Effect.succeed(event) : Effect.as(Effect.sleep(delay), event)
    )
  )
}

/** Words with the blank space after them, so that joined they are the text again. */
const chunksOf = (text: string, size: number): ReadonlyArray<string> =>
  Arr.chunksOf(text.match(/\S+\s*|\s+/gu) ?? [], size).map((words) => words.join(""))

const tokensOf = (texts: ReadonlyArray<string>): number =>
  Math.ceil(texts.reduce((length, text) => length + text.length, 0) / charactersPerToken)
