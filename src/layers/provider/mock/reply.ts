import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import type * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { DurationFromInput } from "../../../domain/Input.js"
import type { ToolCallPart } from "../../../domain/Message.js"
import { ProviderEvent, type ProviderRequest } from "../../../services/Provider.js"

/**
 * A scripted reply: text and then tool calls, or events of any kind; then the end.
 */
export interface ScriptedReply {
  /** A string is emitted in chunks of `chunkSize` words, an array element by element. */
  readonly text?: string | ReadonlyArray<string>
  readonly toolCalls?: ReadonlyArray<ToolCallPart>
  /** Replaces `text` and `toolCalls`. If one of them is a `Finished`, none is added. */
  readonly events?: ReadonlyArray<ProviderEvent>
  /**
   * `Finished`, with the reason and usage to report; an error to fail with; `cut`: the stream just ends, as when a connection
   * breaks; `stall`: the stream never ends. Default: `Finished` as `toolCalls` if there are any, else `complete`.
   */
  readonly end?: Data.TaggedEnum.Value<ProviderEvent, "Finished"> | ProviderError | "cut" | "stall"
  /** Emits the whole reply twice, end included, like a provider that repeats itself. Default: false. */
  readonly repeat?: boolean
}

/**
 * The answer to one call. A function handles the call alone, without delay: to wait for a signal between two chunks, to never
 * end, to die.
 */
export type MockReply =
  | ScriptedReply
  | ((request: ProviderRequest) => Stream.Stream<ProviderEvent, ProviderError>)

const duration = Schema.optionalWith(DurationFromInput, { exact: true })

/**
 * How a mock answers calls that are not scripted. A session sets the same keys in its `providerConfig`.
 */
export const MockSettings = Schema.Struct({
  /** The reply. `{input}` is replaced by the text of the last user message. Default: `You said: {input}`. */
  pattern: Schema.optionalWith(Schema.String, { exact: true }),
  /** Delay before the first chunk, and before a failure. Default: none. */
  delay: duration,
  /** Delay between two chunks. Default: none; all chunks come at once. */
  chunkDelay: duration,
  /** Fraction of calls that fail with `ProviderTransient`, from 0 to 1. Default: 0. */
  errorRate: Schema.optionalWith(Schema.Number.pipe(Schema.between(0, 1)), { exact: true }),
  /** Words in a chunk. Default: 1. */
  chunkSize: Schema.optionalWith(Schema.Positive.pipe(Schema.int()), { exact: true })
})
export interface MockSettings extends Required<Schema.Schema.Type<typeof MockSettings>> {}

export const defaultSettings: MockSettings = {
  pattern: "You said: {input}",
  delay: Duration.zero,
  chunkDelay: Duration.zero,
  errorRate: 0,
  chunkSize: 1
}

/**
 * Plays a reply from its first chunk. Without a delay between chunks, all events are one chunk of the stream.
 */
export const replyStream = (
  reply: ScriptedReply,
  request: ProviderRequest,
  settings: MockSettings
): Stream.Stream<ProviderEvent, ProviderError> => {
  const once = playOnce(reply, request, settings)
  return reply.repeat ? Stream.concat(once, once) : once
}

const playOnce = (
  { end, ...reply }: ScriptedReply,
  request: ProviderRequest,
  { chunkDelay, chunkSize }: MockSettings
): Stream.Stream<ProviderEvent, ProviderError> => {
  const events = reply.events ?? toEvents(reply, chunkSize)
  if (end === undefined) {
    const isFinished = events.some(({ _tag }) => _tag === "Finished")
    return paced(isFinished ? events : [...events, toFinished(events, request)], chunkDelay)
  }
  if (end === "cut") return paced(events, chunkDelay)
  if (end === "stall") return Stream.concat(paced(events, chunkDelay), Stream.never)
  return end._tag === "Finished"
    ? paced([...events, end], chunkDelay)
    : Stream.concat(paced(events, chunkDelay), Stream.fail(end))
}

const toEvents = ({ text = [], toolCalls = [] }: ScriptedReply, chunkSize: number): ReadonlyArray<ProviderEvent> => [
  ...(typeof text === "string" ? toWordChunks(text, chunkSize) : text).map((text) => ProviderEvent.TextDelta({ text })),
  ...toolCalls.map((part) => ProviderEvent.ToolCall({ part }))
]

const toFinished = (events: ReadonlyArray<ProviderEvent>, { messages }: ProviderRequest): ProviderEvent =>
  ProviderEvent.Finished({
    reason: events.some(({ _tag }) => _tag === "ToolCall") ? "toolCalls" : "complete",
    usage: {
      inputTokens: countTokens(messages.map(({ text }) => text)),
      outputTokens: countTokens(events.map((event) => (event._tag === "TextDelta" ? event.text : "")))
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

/** Keeps the white space after each word, so that the chunks join to the text. */
const toWordChunks = (text: string, size: number): ReadonlyArray<string> =>
  Arr.chunksOf(text.match(/\S+\s*|\s+/gu) ?? [], size).map((words) => words.join(""))

const countTokens = (texts: ReadonlyArray<string>): number =>
  Math.ceil(texts.reduce((length, text) => length + text.length, 0) / charactersPerToken)

const charactersPerToken = 4
