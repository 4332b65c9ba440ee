import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { InvalidRequest } from "../../../domain/error/InvalidRequest.js"
import type { SessionNotFound } from "../../../domain/error/SessionNotFound.js"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { Turn } from "../../../domain/Turn.js"
import type { SessionStore } from "../../SessionStore.js"
import type { TurnObserver } from "./TurnObserver.js"

/**
 * Shows a turn that has ended to somebody who asks for it again: the same events, with the whole text at once.
 */
export const replayTurn = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  turn: Turn,
  observer: TurnObserver
): Effect.fn.Return<void, InvalidRequest | SessionNotFound | StoreError> {
  const { error, id: turnId, promptSeq, replySeq, sessionId } = turn
  const messageAt = (seq: number | undefined) =>
    seq === undefined ? Effect.succeedNone : store.messageAt(sessionId, seq)
  const question = yield* messageAt(promptSeq)
  // A turn whose provider paused has said more than its last message.
  const first = promptSeq === undefined ? replySeq : promptSeq + 1
  const said = yield* Effect.forEach(
    first === undefined || replySeq === undefined ? [] : Arr.range(first, replySeq),
    messageAt
  )
  const reply = said.at(-1) ?? Option.none()
  const text = Arr.getSomes(said).map((message) => (message.role === "assistant" ? message.text : "")).join("")
  if (error === undefined && Option.isNone(reply)) {
    return yield* new InvalidRequest({ path: ["key"], reason: "names a turn whose reply has been cleared", sessionId })
  }
  observer.emit({ _tag: "TurnAccepted", turnId, outcome: "joined" })
  if (Option.isSome(question)) observer.emit({ _tag: "TurnStarted", turnId, message: question.value })
  if (text !== "") observer.emit({ _tag: "TurnDelta", turnId, offset: 0, text })
  if (error !== undefined) return observer.end(Exit.fail(error))
  if (Option.isNone(reply)) return
  observer.emit({ _tag: "TurnCompleted", turnId, message: reply.value })
  observer.end(Exit.succeed(reply.value))
})
