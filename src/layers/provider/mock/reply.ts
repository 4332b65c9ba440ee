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
 * A reply that is written down beforehand: its text, then its tool calls, or else events of any kind; then its end.
 */
export interface ScriptedReply {
  /** A text goes out in chunks of `chunkSize` words, an array piece by piece as it is. */
  readonly text?: string | ReadonlyArray<string>
  readonly toolCalls?: ReadonlyArray<ToolCallPart>
  /** In place of texts and tool calls, each as it is. With a `Finished` among them there is no other end unless told. */
  readonly events?: ReadonlyArray<ProviderEvent>
  /**
   * `Finished` with the reason and usage to report; an error to fail with; `cut`: the stream just ends, as when a connection
   * breaks; `stall`: nothing more comes, ever. Unless told, it finishes as `complete`, or `toolCalls` if there are any.
   */
  readonly end?: Data.TaggedEnum.Value<ProviderEvent, "Finished"> | ProviderError | "cut" | "stall"
  /** All of it comes again after its end, the end too, as when a provider repeats itself. False unless told. */
  readonly repeat?: boolean
}

/**
 * What a mock does with one call. A function takes the call over altogether, without delay: to wait for a test's signal
 * between two chunks, to go on for ever, to die.
 */
export type MockReply =
  | ScriptedReply
  | ((request: ProviderRequest) => Stream.Stream<ProviderEvent, ProviderError>)

const duration = Schema.optionalWith(DurationFromInput, { exact: true })

/**
 * How a mock answers what is not scripted. A session sets the same keys in its `providerConfig`.
 */
export const MockSettings = Schema.Struct({
  /** The reply. `{input}` stands for the text of the last user message. `You said: {input}` unless told. */
  pattern: Schema.optionalWith(Schema.String, { exact: true }),
  /** Before the first chunk, and before a failure. None unless told. */
  delay: duration,
  /** Between one chunk and the next. None unless told: then all chunks come at once. */
  chunkDelay: duration,
  /** How many of the calls fail with `ProviderTransient`: 0, none, to 1, all. 0 unless told. */
  errorRate: Schema.optionalWith(Schema.Number.pipe(Schema.between(0, 1)), { exact: true }),
  /** Words of a chunk. 1 unless told. */
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
