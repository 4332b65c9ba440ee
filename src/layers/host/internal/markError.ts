import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { SessionId } from "../../../domain/SessionId.js"
import type { HookBus } from "../../../services/HookBus.js"
import type { SessionStore } from "../../../services/SessionStore.js"

/**
 * Writes down that a session cannot go on by itself, without its actor: that is what fails. Its open turns stay as they are,
 * to be taken up once somebody has reactivated it.
 */
export const markError = Effect.fnUntraced(function*(
  id: SessionId,
  reason: string,
  store: SessionStore["Type"],
  hooks: HookBus["Type"]
) {
  const { epoch, lastEvent } = yield* store.open(id, 0)
  const at = yield* DateTime.now
  const event = { _tag: "SessionErrored" as const, sessionId: id, number: lastEvent + 1, at, reason }
  yield* store.commit(id, epoch, { status: "error", events: [event] })
  yield* hooks.publish(event)
  return event.number
})
