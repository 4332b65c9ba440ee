import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import type { AnalyticsQuery } from "../../../domain/Analytics.js"
import { Epoch } from "../../../domain/Ids.js"
import { emptyRollup, latencyBucket, type Rollup, toUtcDay, type UsageEntry } from "../../../domain/Rollup.js"
import type { SessionInfo } from "../../../domain/Session.js"
import { makeSessionContext } from "../../../domain/SessionContext.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { createSession, messagesOf, sessionOf } from "./samples.js"
import { assertDies, assertFails, conformanceCase } from "./suite.js"

const midnight = DateTime.unsafeMake("2025-06-02T00:00:00Z")
const before = DateTime.subtract(midnight, { millis: 1 })
const after = DateTime.add(midnight, { days: 1 })

const entry = (at: DateTime.Utc, added: Partial<Rollup>, over: Partial<UsageEntry> = {}): UsageEntry => ({
  day: toUtcDay(at),
  provider: "mock",
  model: "mock-model",
  added: { ...emptyRollup, ...added },
  ...over
})

/** A session with a user, provider, model and tags of its own, and its owner. */
const usedSession = Effect.fnUntraced(function*(over: Partial<SessionInfo> = {}) {
  const store = yield* SessionStore
  const session = yield* createSession({ createdAt: midnight, ...over })
  const { epoch } = yield* store.open(session.id, 0)
  return { ...session, use: (...usage: ReadonlyArray<UsageEntry>) => store.commit(session.id, epoch, { usage }), epoch }
})

const ask = (query: AnalyticsQuery) =>
  Effect.flatMap(SessionStore, (store) => store.analytics({ since: midnight, until: after, ...query }))

const groupsOf = (query: AnalyticsQuery) =>
  Effect.map(ask(query), ({ groups = [] }) => groups.map(({ key, usage }) => [key, usage.turns]))

/**
 * Usage is summed and kept.
 */
export const analyticsCases = [
  conformanceCase(
    "sums the usage of all commits and of the session's creation",
    Effect.gen(function*() {
      const { use, userId } = yield* usedSession()
      const some: Rollup = {
        sessions: 0,
        completedTurns: 1,
        failedTurns: 2,
        stoppedTurns: 3,
        interruptedTurns: 4,
        errors: { ProviderAuth: 2 },
        totalMessages: 50,
        userMessages: 6,
        assistantMessages: 7,
        systemMessages: 8,
        providerCalls: 9,
        providerErrors: 10,
        inputTokens: 11,
        outputTokens: 12,
        costNanoUsd: 13,
        unpricedCalls: 14,
        latencyMs: 400,
        maxLatencyMs: 300,
        latencies: { [latencyBucket(100)]: 1, [latencyBucket(300)]: 1 }
      }
      yield* use(entry(midnight, some))
      yield* use(entry(midnight, { ...some, errors: { ProviderAuth: 1, EmptyReply: 1 }, maxLatencyMs: 200 }))
      const { from, groups, moreGroups, to, total: { latency, ...total } } = yield* ask({ userId })
      assert.deepEqual([from, to, groups, moreGroups], [midnight, after, undefined, undefined])
      assert.deepEqual(total, {
        sessions: 1,
        turns: 20,
        completedTurns: 2,
        failedTurns: 4,
        stoppedTurns: 6,
        interruptedTurns: 8,
        errors: { ProviderAuth: 3, EmptyReply: 1 },
        totalMessages: 100,
        userMessages: 12,
        assistantMessages: 14,
        systemMessages: 16,
        providerCalls: 18,
        providerErrors: 20,
        inputTokens: 22,
        outputTokens: 24,
        costNanoUsd: 26,
        unpricedCalls: 28
      })
      assert.ok(latency)
      assert.deepEqual([latency.count, latency.meanMs, latency.maxMs], [4, 200, 300])
      assert.ok(Math.abs(latency.p50Ms - 100) < 10 && Math.abs(latency.p90Ms - 300) < 30)
    })
  ),

  conformanceCase(
    "counts by whole UTC days and separates the last millisecond of a day from the next day",
    Effect.gen(function*() {
      const { use, userId } = yield* usedSession({ createdAt: before })
      yield* use(entry(before, { completedTurns: 1 }), entry(midnight, { completedTurns: 2 }))
      yield* use(entry(after, { completedTurns: 4 }))
      const turns = Effect.fnUntraced(function*(since: DateTime.Utc, until: DateTime.Utc) {
        const { from, to, total } = yield* ask({ userId, since, until })
        return [DateTime.formatIsoDateUtc(from), DateTime.formatIsoDateUtc(to), total.turns, total.sessions]
      })
      assert.deepEqual(yield* turns(midnight, after), ["2025-06-02", "2025-06-03", 2, 0])
      assert.deepEqual(yield* turns(before, midnight), ["2025-06-01", "2025-06-02", 1, 1])
      const noon = DateTime.add(midnight, { hours: 12 })
      assert.deepEqual(yield* turns(noon, DateTime.add(noon, { millis: 1 })), ["2025-06-02", "2025-06-03", 2, 0])
      assert.deepEqual(yield* turns(before, DateTime.add(after, { millis: 1 })), ["2025-06-01", "2025-06-04", 7, 1])
      const byDay: AnalyticsQuery = { userId, since: before, until: DateTime.add(after, { hours: 1 }), groupBy: "day" }
      assert.deepEqual(yield* groupsOf(byDay), [["2025-06-01", 1], ["2025-06-02", 2], ["2025-06-03", 4]])
      const { groups, moreGroups } = yield* ask({ ...byDay, limit: 2 })
      assert.deepEqual([groups?.map(({ key }) => key), moreGroups], [["2025-06-02", "2025-06-03"], true])
    })
  ),

  conformanceCase(
    "groups by user, provider, model and tag",
    Effect.gen(function*() {
      const { id, use, userId } = yield* usedSession()
      const both = { config: { tags: [`b-${id}`, `a-${id}`, `a-${id}`] }, provider: `p-${id}`, model: `m-${id}` }
      const one = yield* usedSession(both)
      const other = yield* usedSession({ ...both, config: { tags: [`a-${id}`] }, userId: one.userId })
      const here = { provider: `p-${id}`, model: `m-${id}` }
      yield* use(entry(midnight, { completedTurns: 1, failedTurns: 1, errors: { EmptyReply: 1 } }, here))
      yield* one.use(entry(midnight, { completedTurns: 3 }, here))
      yield* other.use(
        entry(midnight, { completedTurns: 4 }, here),
        entry(midnight, { completedTurns: 5 }, { ...here, model: `n-${id}` }),
        entry(midnight, { completedTurns: 6, latencyMs: 9, latencies: { 13: 1 } }, { ...here, provider: `q-${id}` })
      )
      const { provider } = here
      assert.deepEqual(yield* groupsOf({ provider, groupBy: "user" }), [[one.userId, 12], [userId, 2]])
      assert.deepEqual(yield* groupsOf({ provider, groupBy: "user", userId }), [[userId, 2]])
      assert.deepEqual(yield* groupsOf({ provider, groupBy: "model" }), [[here.model, 9], [`n-${id}`, 5]])
      assert.deepEqual(yield* groupsOf({ userId: one.userId, groupBy: "provider" }), [[provider, 12], [`q-${id}`, 6]])
      assert.deepEqual(yield* groupsOf({ provider, groupBy: "tag" }), [[`a-${id}`, 12], [`b-${id}`, 3]])
      assert.deepEqual(yield* groupsOf({ tag: `b-${id}`, groupBy: "tag" }), [[`a-${id}`, 3], [`b-${id}`, 3]])
      assert.equal((yield* ask({ tag: `b-${id}` })).total.sessions, 1)
      assert.equal((yield* ask({ provider })).total.turns, 14)
      assert.equal((yield* ask({ provider, model: here.model, tag: `a-${id}`, userId: one.userId })).total.turns, 7)
      assert.equal((yield* ask({ provider, tag: "no-such-tag" })).total.turns, 0)
      const { groups = [], moreGroups } = yield* ask({ provider, groupBy: "user", limit: 1 })
      assert.deepEqual([groups.map(({ key }) => key), moreGroups], [[one.userId], true])
      const failed = (yield* ask({ provider, groupBy: "user" })).groups?.map(({ usage }) => usage.errors)
      assert.deepEqual(failed, [{}, { EmptyReply: 1 }])
      const latencies = (yield* ask({ userId: one.userId, groupBy: "provider" })).groups?.map(({ usage }) =>
        usage.latency
      )
      assert.deepEqual(latencies?.map((latency) => latency?.count), [undefined, 1])
    })
  ),

  conformanceCase(
    "counts each created and each forked session",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id, userId } = yield* usedSession()
      yield* store.commit(id, epoch, { messages: messagesOf(id, 1, 2) })
      const fork = sessionOf(yield* (yield* IdGenerator).sessionId, { userId, createdAt: midnight })
      yield* store.fork(id, 2, fork, makeSessionContext(fork.id, midnight))
      const { total } = yield* ask({ userId })
      assert.deepEqual([total.sessions, total.totalMessages], [2, 0])
    })
  ),

  conformanceCase(
    "counts nothing of a refused commit and keeps the usage of a removed session",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id, use, userId } = yield* usedSession()
      const used = entry(midnight, { completedTurns: 1, maxLatencyMs: 5, latencies: { 5: 1 } })
      yield* use(used)
      const answer = yield* ask({ userId })
      yield* assertDies(store.commit(id, epoch, { messages: messagesOf(id, 7, 7), usage: [used] }))
      yield* store.open(id, 0)
      yield* assertFails("OwnershipLost", use(used))
      assert.deepEqual(yield* ask({ userId }), answer)
      yield* store.remove(id, Epoch.make(epoch + 1))
      yield* assertFails("SessionNotFound", use(used))
      assert.deepEqual(yield* ask({ userId }), answer)
    })
  )
]
