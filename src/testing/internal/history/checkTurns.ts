import * as Arr from "effect/Array"
import { isTerminal, type Turn } from "../../../domain/Turn.js"
import { broken, type BrokenPromise } from "./BrokenPromise.js"
import { entriesOf, type LogEntry } from "./LogEntry.js"
import type { StoredHistory } from "./StoredHistory.js"

const ends: ReadonlySet<string> = new Set(["TurnCompleted", "TurnFailed", "TurnStopped"])

/**
 * Whether each turn asked once, ended once, was answered if it completed, and called the provider no more often than it may.
 */
export const checkTurns = (
  history: StoredHistory,
  log: ReadonlyArray<LogEntry>,
  settled: boolean
): ReadonlyArray<BrokenPromise> => {
  const { session, turns } = history
  const calls = Arr.groupBy(entriesOf(log, "Called"), ({ turnId }) => turnId)
  const known = new Set<string>(turns.map(({ id }) => id))

  return [
    ...turns.flatMap((turn) => checkTurn(history, turn, calls[turn.id]?.length ?? 0, settled)),
    ...Object.keys(calls).filter((id) => !known.has(id))
      .map((id) => broken("CalledWithoutIntent", session.id, `turn ${id}`))
  ]
}

const checkTurn = (
  history: StoredHistory,
  turn: Turn,
  calls: number,
  settled: boolean
): ReadonlyArray<BrokenPromise> => {
  const rules: ReadonlyArray<readonly [holds: boolean, rule: BrokenPromise["rule"]]> = [
    [!settled || isTerminal(turn.status), "TurnLeftOpen"],
    [questionsOf(history, turn) <= 1, "QuestionTwice"],
    [!lacksReply(history, turn), "CompletedWithoutReply"],
    [endsOf(history, turn) <= 1, "EndChanged"],
    [calls <= 1 || turn.onUnknown === "retry", "CalledTwice"],
    [calls <= turn.attempt || turn.joined !== undefined, "CalledWithoutIntent"]
  ]
  return rules.filter(([holds]) => !holds)
    .map(([, rule]) => broken(rule, history.session.id, `turn ${turn.id}, which is ${turn.status}`))
}

const questionsOf = ({ messages }: StoredHistory, { id }: Turn): number =>
  messages.filter(({ role, turnId }) => turnId === id && role === "user").length

const endsOf = ({ events }: StoredHistory, { id }: Turn): number =>
  events.filter((event) => "turnId" in event && event.turnId === id && ends.has(event._tag)).length

/** What was cleared is no longer there to be found. */
const lacksReply = ({ events, messages }: StoredHistory, { replySeq, status }: Turn): boolean => {
  if (status !== "completed") return false
  if (replySeq === undefined) return true
  const reply = messages.find(({ seq }) => seq === replySeq)
  return reply === undefined ? !events.some(({ _tag }) => _tag === "MessagesCleared") : reply.role !== "assistant"
}
