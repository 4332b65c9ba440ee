import type * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { Attempt } from "../../../../domain/Attempt.js"
import type { Turn } from "../../../../domain/Turn.js"
import { attemptsColumn } from "./attemptsColumn.js"
import { codes } from "./codes.js"
import { idToColumn } from "./idToColumn.js"
import { TurnRow } from "./TurnRow.js"

const encodeError = Schema.encodeSync(TurnRow.pick("error"))

const encodeAttempts = Schema.encodeSync(attemptsColumn)

const attemptsToColumn = (attempts: Arr.NonEmptyReadonlyArray<Attempt>): string =>
  attempts.some(({ error }) => error !== undefined)
    ? encodeAttempts(attempts)
    : JSON.stringify(attempts.map((attempt) => ({ ...attempt, startedAt: DateTime.toEpochMillis(attempt.startedAt) })))

/**
 * What `TurnRow` encodes to, for the reason that `messageToRow` has. Turns fail seldom, so errors are left to their schema.
 */
export const turnToRow = (turn: Turn): typeof TurnRow.Encoded => ({
  id: idToColumn(turn.id),
  sessionId: turn.sessionId,
  ordinal: turn.ordinal,
  status: codes.turnStatus[turn.status],
  attempt: turn.attempt,
  prompt: turn.prompt ? JSON.stringify(turn.prompt) : null,
  acceptedAt: DateTime.toEpochMillis(turn.acceptedAt),
  startedAt: turn.startedAt ? DateTime.toEpochMillis(turn.startedAt) : null,
  endedAt: turn.endedAt ? DateTime.toEpochMillis(turn.endedAt) : null,
  promptSeq: turn.promptSeq ?? null,
  replySeq: turn.replySeq ?? null,
  error: turn.error ? encodeError({ error: turn.error }).error : null,
  key: turn.key ? idToColumn(turn.key) : null,
  digest: turn.digest ?? null,
  deadlineAt: turn.deadlineAt ? DateTime.toEpochMillis(turn.deadlineAt) : null,
  whenBusy: turn.whenBusy ? codes.busyPolicy[turn.whenBusy] : null,
  onUnknown: turn.onUnknown ? codes.onUnknown[turn.onUnknown] : null,
  joined: turn.joined ? idToColumn(turn.joined) : null,
  fallback: turn.fallback ? JSON.stringify(turn.fallback) : null,
  attempts: turn.attempts ? attemptsToColumn(turn.attempts) : null,
  draft: turn.draft ?? null
})
