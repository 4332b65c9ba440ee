import * as Arr from "effect/Array"
import type * as DateTime from "effect/DateTime"
import type { Message } from "../../domain/Message.js"
import { addRollups, latencyBucket, type Rollup, toStartUsage, toUtcDay, type UsageEntry } from "../../domain/Rollup.js"
import type { SessionInfo } from "../../domain/Session.js"
import { countAttempt, countMessage, emptySessionMetrics } from "../../domain/SessionMetrics.js"
import type { SessionExport } from "../../domain/Transfer.js"
import type { Attempt, Turn, TurnStatus } from "../../domain/Turn.js"
import type { SessionChanges } from "../SessionStore.js"

/** What falls to one day, provider and model. */
interface Share extends Pick<UsageEntry, "day" | "model" | "provider"> {
  readonly turns: Array<Turn>
  readonly attempts: Array<Attempt>
  readonly messages: Array<Message>
}

/**
 * What changes of a session add to the rollups. A turn counts once it has ended, on the day of that: with its question and
 * with all of its provider calls, each for the provider that was called. So it is one addition for most turns, and none can
 * be made twice. Any other message counts as it comes, for the provider that answers.
 */
export const usageOf = (
  session: SessionInfo,
  { messages = [], turns = [] }: Pick<SessionChanges, "messages" | "turns">
): ReadonlyArray<UsageEntry> => {
  const shares: Array<Share> = []
  const shareOf = (at: DateTime.Utc, { model, provider }: Pick<Attempt, "model" | "provider">): Share => {
    const day = toUtcDay(at)
    const known = shares.find((share) => share.day === day && share.provider === provider && share.model === model)
    if (known) return known
    const share: Share = { day, provider, model, turns: [], attempts: [], messages: [] }
    shares.push(share)
    return share
  }
  const find = (id: Turn["id"] | undefined) => turns.find((turn) => turn.id === id)
  /** One that joined another was answered by that one's calls. */
  const answeredBy = (turn: Turn | undefined) =>
    turn?.attempts?.at(-1) ?? find(turn?.joined)?.attempts?.at(-1) ?? session

  for (const turn of turns) {
    const { attempts = [], endedAt } = turn
    if (endedAt === undefined) continue
    shareOf(endedAt, answeredBy(turn)).turns.push(turn)
    for (const attempt of attempts) shareOf(endedAt, attempt).attempts.push(attempt)
  }
  for (const message of messages) {
    if (isQuestion(message)) continue
    shareOf(message.createdAt, answeredBy(find(message.turnId))).messages.push(message)
  }
  return shares.map(({ day, model, provider, ...share }) => ({ day, provider, model, added: sumOf(session, share) }))
}

const isQuestion = ({ role, turnId }: Message): boolean => role === "user" && turnId !== undefined

const sumOf = (
  { id }: SessionInfo,
  { attempts, messages, turns }: Pick<Share, "attempts" | "messages" | "turns">
): Rollup => {
  const { firstMessageAt: _, lastMessageAt: __, sessionId: ___, totalResponseTimeMs: ____, ...used } = attempts.reduce(
    countAttempt,
    messages.reduce(countMessage, emptySessionMetrics(id))
  )
  const count = (status: TurnStatus) => turns.filter((turn) => turn.status === status).length
  const questions = turns.filter(({ promptSeq }) => promptSeq !== undefined).length
  const latencies = attempts.flatMap(({ durationMs, error }) =>
    error === undefined && durationMs !== undefined ? [durationMs] : []
  )
  return {
    ...used,
    sessions: 0,
    completedTurns: count("completed"),
    failedTurns: count("failed"),
    stoppedTurns: count("stopped"),
    interruptedTurns: count("interrupted"),
    errors: tally(turns.flatMap(({ error, status }) => (status === "failed" && error ? [error._tag] : []))),
    totalMessages: used.totalMessages + questions,
    userMessages: used.userMessages + questions,
    latencyMs: latencies.reduce((sum, latency) => sum + latency, 0),
    maxLatencyMs: Math.max(0, ...latencies),
    latencies: tally(latencies.map((latency) => String(latencyBucket(latency))))
  }
}

const tally = (keys: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

/**
 * What a session that is imported adds to the rollups, on the days when it was used. Of a fork, that which is its own: what it
 * shares was used by its origin.
 */
export const usageOfRecord = ({ messages, rewound, session, turns }: SessionExport): ReadonlyArray<UsageEntry> => {
  const shared = session.forkedFrom?.seq ?? 0
  const own = [...messages, ...rewound].filter(({ seq }) => seq > shared)
  const byTurn = Arr.groupBy(own, ({ turnId = "" }) => turnId)
  const sums = new Map<string, UsageEntry>()
  const count = (entries: Iterable<UsageEntry>) => {
    for (const entry of entries) {
      const key = JSON.stringify([entry.day, entry.provider, entry.model])
      const known = sums.get(key)
      sums.set(key, known ? { ...known, added: addRollups(known.added, entry.added) } : entry)
    }
  }
  count([toStartUsage(session)])
  const joined = Arr.groupBy(turns, (turn) => turn.joined ?? turn.id)
  const rest = new Set<Message>(own)
  for (const together of Object.values(joined)) {
    const said = together.flatMap(({ id }) => byTurn[id] ?? [])
    for (const message of said) rest.delete(message)
    count(usageOf(session, { messages: said, turns: together }))
  }
  count(usageOf(session, { messages: [...rest] }))
  return [...sums.values()]
}
