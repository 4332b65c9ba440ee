import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import type { SessionError } from "../../../domain/error/SessionError.js"
import type { IdempotencyKey } from "../../../domain/Ids.js"
import { Message } from "../../../domain/Message.js"
import { isTerminal, type Turn } from "../../../domain/Turn.js"
import { broken, type BrokenPromise, entriesOf, type LogEntry, type StoredHistory } from "./log.js"

/**
 * Checks that the answers to clients match the store: each accepted turn, each reply and each failure is there, and nothing of a
 * rejected send.
 */
export const checkSends = (history: StoredHistory, log: ReadonlyArray<LogEntry>): ReadonlyArray<BrokenPromise> => {
  const answers = log.filter((entry) => "key" in entry)
  const keys = Arr.dedupe([...answers.map(({ key }) => key), ...history.turns.flatMap(({ key }) => key ?? [])])
  return keys.flatMap((key) => checkKey(history, key, answers.filter((entry) => entry.key === key)))
}

const checkKey = (
  { messages, session, turns }: StoredHistory,
  key: IdempotencyKey,
  answers: ReadonlyArray<LogEntry>
): ReadonlyArray<BrokenPromise> => {
  const report = (rule: BrokenPromise["rule"], detail: string) => broken(rule, session.id, `key ${key}: ${detail}`)
  const stored = turns.filter((turn) => turn.key === key)
  const accepted = Arr.dedupe(entriesOf(answers, "Accepted").map(({ turnId }) => turnId))
  const replies = entriesOf(answers, "Replied").map(({ message }) => message)
  const errors = entriesOf(answers, "Failed").map(({ error }) => error)
  const wasEnded = errors.some(({ _tag }) => endings.has(_tag))
  const wasRejected = errors.length > 0 && accepted.length === 0 && replies.length === 0 && errors.every(isRejection)

  return [
    ...(stored.length > 1 || accepted.length > 1 ? [report("TurnTwice", `turns ${turnsOf(stored, accepted)}`)] : []),
    ...accepted.filter((id) => !stored.some((turn) => turn.id === id))
      .map((id) => report("TurnMissing", `turn ${id} was accepted`)),
    ...((replies.length > 0 || wasEnded) && stored.length === 0
      ? [report("TurnMissing", "it was answered but has no turn")]
      : []),
    ...replies.flatMap((reply) => {
      const found = messages.find(({ id }) => id === reply.id)
      if (found === undefined) return [report("ReplyMissing", `message ${reply.id}`)]
      return isSame(found, reply) ? [] : [report("ReplyChanged", `message ${reply.id}`)]
    }),
    ...(replies.length > 0 && stored.some(({ status }) => status !== "completed")
      ? [report("EndChanged", "it was answered with a reply but is not completed")]
      : []),
    ...(wasEnded && stored.some(({ status }) => status === "completed" || !isTerminal(status))
      ? [report("EndChanged", "it was answered with a failure but has not failed")]
      : []),
    ...(wasRejected && stored.length > 0 ? [report("RejectedStored", `turns ${turnsOf(stored, [])}`)] : [])
  ]
}

const turnsOf = (stored: StoredHistory["turns"], accepted: ReadonlyArray<string>): string =>
  Arr.dedupe([...stored.map(({ id }) => id), ...accepted]).join(", ")

const encode = Schema.encodeSync(Message)
const isSame = (one: Message, other: Message): boolean => JSON.stringify(encode(one)) === JSON.stringify(encode(other))

/** Errors of an accepted turn. */
const endings: ReadonlySet<SessionError["_tag"]> = new Set(
  [
    "EmptyReply",
    "ProviderAuth",
    "ProviderProtocol",
    "ProviderQuota",
    "ProviderRejected",
    "ProviderTransient",
    "TurnInterrupted",
    "TurnStopped"
  ] as const
)

const rejections: ReadonlySet<SessionError["_tag"]> = new Set(
  [
    "InvalidRequest",
    "LimitExceeded",
    "SessionBusy",
    "SessionNotFound",
    "SessionStateError",
    "ShuttingDown",
    "Unauthorized"
  ] as const
)

/** Whether an error states that nothing was stored. */
const isRejection = (error: SessionError): boolean =>
  rejections.has(error._tag) ||
  (error._tag === "StoreError" && error.reason !== "Unknown") ||
  (error._tag === "MiddlewareError" && error.stage === "admission")

const ends: ReadonlySet<string> = new Set(["TurnCompleted", "TurnFailed", "TurnStopped"])

/**
 * Checks that each turn has one question and one end, a reply if it completed, and no more provider calls than allowed.
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

/** A cleared reply can no longer be found. */
const lacksReply = ({ events, messages }: StoredHistory, { replySeq, status }: Turn): boolean => {
  if (status !== "completed") return false
  if (replySeq === undefined) return true
  const reply = messages.find(({ seq }) => seq === replySeq)
  return reply === undefined ? !events.some(({ _tag }) => _tag === "MessagesCleared") : reply.role !== "assistant"
}
