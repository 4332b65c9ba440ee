import type {
  MessageCountTokensParams,
  MessageCreateParamsStreaming
} from "@anthropic-ai/sdk/resources/messages/messages"
import * as Struct from "effect/Struct"

/**
 * What of a call the vendor counts the tokens of; it refuses to be told the rest.
 */
export const toCount = (request: MessageCreateParamsStreaming): MessageCountTokensParams =>
  Struct.pick(
    request,
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
    "speed"
  )
