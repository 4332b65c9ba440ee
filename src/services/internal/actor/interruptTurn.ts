import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { TurnInterrupted } from "../../../domain/error/TurnInterrupted.js"
import type { Turn } from "../../../domain/Turn.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { closeToolCalls } from "./closeToolCalls.js"
import { endTurn } from "./endTurn.js"
import { lostCall } from "./lostCall.js"
import { newMessage } from "./newMessage.js"

/**
 * Ends a turn that an earlier owner left, with the draft it left of the reply. At most once: the provider may have been
 * called, so the turn is not run again.
 */
export const interruptTurn = Effect.fnUntraced(function*(
  { persist, state: current }: ActorCore,
  { ids, limits }: ActorServices,
  lost: Turn
) {
  const state = current()
  const at = yield* DateTime.now
  const error = new TurnInterrupted({ sessionId: lost.sessionId, turnId: lost.id })
  // One that joined another turn was answered by that one's calls.
  const trace = lost.joined === undefined ? lostCall(state, lost, at) : {}
  const message = lost.draft === undefined ? undefined : newMessage(state, {
    id: yield* ids.messageId,
    turnId: lost.id,
    role: "assistant",
    parts: [{ _tag: "Text", text: lost.draft.toWellFormed() }],
    finishReason: "cut",
    metadata: {},
    createdAt: at
  })
  const after = yield* closeToolCalls(ids, state, at, Number(message !== undefined))
  yield* persist(endTurn(state, [lost], { ...trace, error, message }, after, at, limits.historyWindow))
})
