import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Message } from "../../../domain/Message.js"
import type { Part } from "../../../domain/Part.js"
import type { IdGenerator } from "../../IdGenerator.js"
import { newMessage } from "./newMessage.js"
import type { SessionState } from "./SessionState.js"
import { unansweredCalls } from "./unansweredCalls.js"

/**
 * The message that closes the tool calls which neither the history nor `prompt` answers, `ahead` places after the next one.
 * None when there are none.
 */
export const closeToolCalls = (
  ids: IdGenerator["Type"],
  state: SessionState,
  createdAt: DateTime.Utc,
  ahead = 0,
  prompt?: ReadonlyArray<Part>
): Effect.Effect<ReadonlyArray<Message>> => {
  const parts = unansweredCalls(state.window, prompt)
  return parts.length === 0
    ? Effect.succeed([])
    : Effect.map(
      ids.messageId,
      (id) => [newMessage(state, { id, role: "tool", parts, metadata: {}, createdAt }, ahead)]
    )
}
