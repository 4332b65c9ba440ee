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
import { applyCallRecord, type CallRecord } from "./turnSteps.js"

/**
 * T3: stores the terminal records of a turn and of those that joined it, in one commit with the reply or the partial
 * reply and the messages `after` it.
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
  const { bodies, changes: callChanges, state, turn } = applyCallRecord(before, running, end)
  const { changes, next } = appendMessages(state, message ? [message, ...after] : after, now, windowSize)
  const turns = [turn, ...joined]
  const ended: Transition = {
    changes: { ...changes, ...callChanges, turns: turns.map((each) => endedTurn(each, error, now, message)) },
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
 * How a turn ends: with its reply, or with an error and the partial reply, if any; and the record of its last provider
 * call.
 */
export type TurnEnd =
  & CallRecord
  & (
    | { readonly error: undefined; readonly message: Message }
    | { readonly error: TurnError; readonly message: Message | undefined }
  )

/**
 * Ends a turn that has no complete reply: drops it, rolls it back, or keeps the partial reply.
 */
export const abortTurn = (
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
 * Ends a turn that never started. Nothing of it enters the history. Its record keeps the prompt, unless it was stopped.
 */
export const dropTurn = (
  state: SessionState,
  turn: Turn,
  error: TurnError,
  now: DateTime.Utc,
  notices: ReadonlyArray<TurnNotice> = []
): Transition => {
  const { prompt, ...ended } = endedTurn(turn, error, now)
  const record = error._tag === "TurnStopped" || prompt === undefined ? ended : { ...ended, prompt }
  return withEvents({ changes: { turns: [record] }, next: state }, now, [
    ...notices.map((notice) => ({ _tag: "TurnNoticed" as const, turnId: turn.id, notice })),
    endedEvent(turn.id, error)
  ])
}

/**
 * Ends a turn and those that joined it, and removes them from the history. All messages since its question are its own,
 * since nothing else changes the history during a turn.
 */
export const rollBackTurn = (
  before: SessionState,
  [running, ...joined]: readonly [Turn, ...ReadonlyArray<Turn>],
  error: TurnStopped,
  record: CallRecord,
  now: DateTime.Utc
): Transition => {
  const { bodies, changes, state, turn } = applyCallRecord(before, running, record)
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
 * The terminal record of a turn.
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
 * The event of a turn's end.
 */
export const endedEvent = (turnId: TurnId, error: TurnError | undefined): EventBody => {
  if (error === undefined) return { _tag: "TurnCompleted", turnId }
  return error._tag === "TurnStopped" ? { _tag: "TurnStopped", turnId } : { _tag: "TurnFailed", turnId, error }
}

/**
 * A message that answers the tool calls which neither the history nor `prompt` answers, `ahead` places after the next
 * one. Empty when there are none.
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

/**
 * A result for each tool call that neither the history nor `prompt` answers. Providers reject a history with an
 * unanswered call.
 */
export const unansweredCalls = (
  history: ReadonlyArray<Message>,
  prompt: ReadonlyArray<Part> = []
): ReadonlyArray<ToolResultPart> => {
  let open: Set<string> | undefined
  const scan = (parts: ReadonlyArray<Part>) => {
    for (const part of parts) {
      if (part._tag === "ToolCall") (open ??= new Set()).add(part.id)
      if (part._tag === "ToolResult") open?.delete(part.id)
    }
  }
  for (const message of history) scan(message.parts)
  scan(prompt)
  return open === undefined ? [] : Array.from(open, (id) => ({
    _tag: "ToolResult",
    id,
    result: "The tool was not run.",
    isError: true,
    unanswered: true
  }))
}
