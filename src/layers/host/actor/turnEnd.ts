import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { TurnError, TurnStopped } from "../../../domain/error/TurnError.js"
import type { TurnId } from "../../../domain/Ids.js"
import type { Message, Part, ToolResultPart } from "../../../domain/Message.js"
import type { Turn, TurnNotice, TurnStatus } from "../../../domain/Turn.js"
import type { IdGenerator } from "../../../services/IdGenerator.js"
import {
  appendMessages,
  type EventBody,
  newMessage,
  type SessionState,
  type Transition,
  withEvents
} from "./SessionState.js"
import { type CallRecord, traceCall } from "./turnSteps.js"

/**
 * How a turn ends: with its reply, or with an error and the part of the reply that had arrived, if any; and what its last
 * provider call leaves behind.
 */
export type TurnEnd =
  & CallRecord
  & (
    | { readonly error: undefined; readonly message: Message }
    | { readonly error: TurnError; readonly message: Message | undefined }
  )

/**
 * What is told of a turn's end.
 */
export const endedEvent = (turnId: TurnId, error: TurnError | undefined): EventBody => {
  if (error === undefined) return { _tag: "TurnCompleted", turnId }
  return error._tag === "TurnStopped" ? { _tag: "TurnStopped", turnId } : { _tag: "TurnFailed", turnId, error }
}

/**
 * The one terminal record of a turn.
 */
export const endedTurn = (
  turn: Turn,
  error: TurnError | undefined,
  now: DateTime.Utc,
  reply?: Message
): Turn => {
  const { draft: _, fallback: __, ...rest } = turn
  return {
    ...rest,
    status: statusAfter(error),
    endedAt: now,
    ...(reply && { replySeq: reply.seq }),
    ...(error && { error })
  }
}

const statusAfter = (error: TurnError | undefined): TurnStatus => {
  switch (error?._tag) {
    case undefined:
      return "completed"
    case "TurnInterrupted":
      return "interrupted"
    case "TurnStopped":
      return "stopped"
    default:
      return "failed"
  }
}

/**
 * The end of a turn that never began: nothing of it enters the history. What it asked stays in its record, unless its sender
 * took it back.
 */
export const dropTurn = (
  state: SessionState,
  turn: Turn,
  error: TurnError,
  now: DateTime.Utc,
  notices: ReadonlyArray<TurnNotice> = []
): Transition => {
  const { prompt, ...ended } = endedTurn(turn, error, now)
  const kept = error._tag === "TurnStopped" || prompt === undefined ? ended : { ...ended, prompt }
  return withEvents({ changes: { turns: [kept] }, next: state }, now, [
    ...notices.map((notice) => ({ _tag: "TurnNoticed" as const, turnId: turn.id, notice })),
    endedEvent(turn.id, error)
  ])
}

/**
 * T3: the terminal record of a turn and of those that joined it, in one commit with the reply or with what had arrived of it,
 * and with what else must stand after it.
 */
export const endTurn = (
  before: SessionState,
  [running, ...joined]: readonly [Turn, ...ReadonlyArray<Turn>],
  end: TurnEnd,
  after: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const { error, message } = end
  const { bodies, changes: traced, state, turn } = traceCall(before, running, end)
  const { changes, next } = appendMessages(state, message ? [message, ...after] : after, now, windowSize)
  const turns = [turn, ...joined]
  const ended: Transition = {
    changes: { ...changes, ...traced, turns: turns.map((each) => endedTurn(each, error, now, message)) },
    next
  }
  return withEvents(ended, now, [
    ...bodies,
    ...(message ? [{ _tag: "MessageReceived" as const, message }] : []),
    ...after.map((message) => ({ _tag: "MessageSent" as const, message })),
    ...turns.map(({ id }) => endedEvent(id, error))
  ])
}

/**
 * The end of a turn that is to leave the history again, with those that joined it. All that came since its question is its
 * own, since nothing else may fall into a turn.
 */
export const rollBackTurn = (
  before: SessionState,
  [running, ...joined]: readonly [Turn, ...ReadonlyArray<Turn>],
  error: TurnStopped,
  trace: CallRecord,
  now: DateTime.Utc
): Transition => {
  const { bodies, changes, state, turn } = traceCall(before, running, trace)
  const to = (turn.promptSeq ?? state.lastSeq + 1) - 1
  const turns = [turn, ...joined]
  const { session } = state
  return withEvents(
    {
      changes: {
        ...changes,
        rewindTo: to,
        metrics: state.metrics,
        lastActivityAt: now,
        turns: turns.map((each) => endedTurn(each, error, now))
      },
      next: {
        ...state,
        session: { ...session, lastActivityAt: now, messageCount: session.messageCount - (state.lastSeq - to) },
        window: state.window.filter(({ seq }) => seq <= to)
      }
    },
    now,
    [...bodies, ...turns.map(({ id }) => endedEvent(id, error)), { _tag: "MessagesRewound", to }]
  )
}

/**
 * The end of a turn that has no whole reply: it never began, it is taken back, or it stays with what had arrived.
 */
export const breakTurn = (
  state: SessionState,
  turns: readonly [Turn, ...ReadonlyArray<Turn>],
  end: TurnEnd & { readonly error: TurnError },
  rollBack: boolean,
  after: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const [turn] = turns
  const { error } = end
  if (turn.status === "accepted") return dropTurn(state, turn, error, now, end.notices)
  return rollBack && error._tag === "TurnStopped"
    ? rollBackTurn(state, turns, error, end, now)
    : endTurn(state, turns, end, after, now, windowSize)
}

/**
 * A result for each tool call in the history that neither the history nor `prompt` answers. A provider refuses a history
 * with an open call, and would refuse it for ever.
 */
export const unansweredCalls = (
  history: ReadonlyArray<Message>,
  prompt: ReadonlyArray<Part> = []
): ReadonlyArray<ToolResultPart> => {
  let open: Set<string> | undefined
  const look = (parts: ReadonlyArray<Part>) => {
    for (const part of parts) {
      if (part._tag === "ToolCall") (open ??= new Set()).add(part.id)
      if (part._tag === "ToolResult") open?.delete(part.id)
    }
  }
  for (const message of history) look(message.parts)
  look(prompt)
  return open === undefined ? [] : Array.from(open, (id) => ({
    _tag: "ToolResult",
    id,
    result: "The tool was not run.",
    isError: true,
    unanswered: true
  }))
}

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
