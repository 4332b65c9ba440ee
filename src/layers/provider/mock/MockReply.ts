import type * as Data from "effect/Data"
import type * as Stream from "effect/Stream"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import type { ToolCallPart } from "../../../domain/Part.js"
import type { ProviderEvent } from "../../../services/ProviderEvent.js"
import type { ProviderRequest } from "../../../services/ProviderRequest.js"

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
