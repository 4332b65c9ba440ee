import * as Arr from "effect/Array"
import type * as DateTime from "effect/DateTime"
import type { Message } from "../../domain/Message.js"
import { addRollups, latencyBucket, type Rollup, toStartUsage, toUtcDay, type UsageEntry } from "../../domain/Rollup.js"
import type { SessionInfo } from "../../domain/Session.js"
import { countAttempt, countMessage, emptySessionMetrics } from "../../domain/SessionMetrics.js"
import type { SessionExport } from "../../domain/Transfer.js"
import type { Attempt, Turn, TurnStatus } from "../../domain/Turn.js"
import type { SessionChanges } from "../SessionChanges.js"

/** Turns, calls and messages of one day, provider and model. */
interface Share extends Pick<UsageEntry, "day" | "model" | "provider"> {
  readonly turns: Array<Turn>
  readonly attempts: Array<Attempt>
  readonly messages: Array<Message>
}

/**
 * What a session's changes add to the rollups. A turn counts once, on the day it ends, with its prompt and all of its provider
 * calls, each under the provider that was called. So most turns need one addition, and none is counted twice. Any other
 * message counts when it is stored, under the provider that answers.
 */
export const usageOf = (
  session: SessionInfo,
  { messages = [], turns = [] }: Pick<SessionChanges, "messages" | "turns">
): ReadonlyArray<UsageEntry> => {
  const shares: Array<Share> = []
  const shareFor = (at: DateTime.Utc, { model, provider }: Pick<Attempt, "model" | "provider">): Share => {
    const day = toUtcDay(at)
    const known = shares.find((share) => share.day === day && share.provider === provider && share.model === model)
    if (known) return known
    const share: Share = { day, provider, model, turns: [], attempts: [], messages: [] }
    shares.push(share)
    return share
  }
  const find = (id: Turn["id"] | undefined) => turns.find((turn) => turn.id === id)
  /** A turn that joined another was answered by the other's calls. */
  const answeredBy = (turn: Turn | undefined) =>
    turn?.attempts?.at(-1) ?? find(turn?.joined)?.attempts?.at(-1) ?? session

  for (const turn of turns) {
    const { attempts = [], endedAt } = turn
    if (endedAt === undefined) continue
    shareFor(endedAt, answeredBy(turn)).turns.push(turn)
    for (const attempt of attempts) shareFor(endedAt, attempt).attempts.push(attempt)
  }
  for (const message of messages) {
    if (isPrompt(message)) continue
    shareFor(message.createdAt, answeredBy(find(message.turnId))).messages.push(message)
  }
  return shares.map(({ day, model, provider, ...share }) => ({ day, provider, model, added: toRollup(session, share) }))
}

const isPrompt = ({ role, turnId }: Message): boolean => role === "user" && turnId !== undefined

const toRollup = (
  { id }: SessionInfo,
  { attempts, messages, turns }: Pick<Share, "attempts" | "messages" | "turns">
): Rollup => {
  const { firstMessageAt: _, lastMessageAt: __, sessionId: ___, totalResponseTimeMs: ____, ...used } = attempts.reduce(
    countAttempt,
    messages.reduce(countMessage, emptySessionMetrics(id))
  )
  const count = (status: TurnStatus) => turns.filter((turn) => turn.status === status).length
  const prompts = turns.filter(({ promptSeq }) => promptSeq !== undefined).length
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
    totalMessages: used.totalMessages + prompts,
    userMessages: used.userMessages + prompts,
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
 * What an imported session adds to the rollups, on the days it was used. Of a fork, only its own messages count: its origin
 * used the shared ones.
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
    const messages = together.flatMap(({ id }) => byTurn[id] ?? [])
    for (const message of messages) rest.delete(message)
    count(usageOf(session, { messages, turns: together }))
  }
  count(usageOf(session, { messages: [...rest] }))
  return [...sums.values()]
}
