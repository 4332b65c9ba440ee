import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { type ContractCase, contractCase, failsWith, sessionCase } from "./contractCase.js"

/**
 * Usage figures.
 */
export const analyticsCases: ReadonlyArray<ContractCase> = [
  sessionCase(
    "sums the usage of a user's turns and keeps it when the session is deleted",
    (session, stage) =>
      Effect.gen(function*() {
        const { sessions, userId } = stage
        const replies = [yield* session.send("one"), yield* session.send("two")]
        yield* session.sendSystem("Be brief.")
        const { total } = yield* sessions.analytics({ userId })
        assert.deepEqual([total.sessions, total.turns, total.completedTurns], [1, 2, 2])
        assert.deepEqual(
          [total.totalMessages, total.userMessages, total.assistantMessages, total.systemMessages],
          [5, 2, 2, 1]
        )
        assert.deepEqual([total.providerCalls, total.providerErrors, total.latency?.count], [2, 0, 2])
        const tokens = (of: "inputTokens" | "outputTokens") =>
          replies.reduce((sum, { usage }) => sum + (usage?.[of] ?? 0), 0)
        assert.deepEqual([total.inputTokens, total.outputTokens], [tokens("inputTokens"), tokens("outputTokens")])
        const metrics = yield* session.metrics
        assert.deepEqual([total.costNanoUsd, total.unpricedCalls], [metrics.costNanoUsd, metrics.unpricedCalls])
        yield* session.delete
        assert.deepEqual((yield* sessions.analytics({ userId })).total, total)
      })
  ),

  sessionCase(
    "counts a fork as a session and shared usage once",
    (session, { sessions, userId }) =>
      Effect.gen(function*() {
        const reply = yield* session.send("one")
        const fork = yield* session.fork({ at: reply.id })
        yield* fork.send("two")
        yield* session.rewind({ to: reply.id })
        const { total } = yield* sessions.analytics({ userId })
        assert.deepEqual([total.sessions, total.turns, total.totalMessages], [2, 2, 4])
      })
  ),

  sessionCase(
    "counts usage for each model from when the session uses it",
    (session, stage) =>
      Effect.gen(function*() {
        const { sessions, userId } = stage
        yield* session.send("one")
        yield* session.configure({ model: "another" })
        yield* session.send("two")
        yield* session.send("three")
        const { groups = [] } = yield* sessions.analytics({ userId, groupBy: "model" })
        assert.deepEqual(
          groups.map(({ key, usage }) => [key, usage.sessions, usage.turns, usage.totalMessages]),
          [["another", 0, 2, 4], ["mock-model", 1, 1, 2]]
        )
        assert.equal((yield* sessions.analytics({ userId, model: "another" })).total.turns, 2)
      })
  ),

  contractCase("separates users and tags", ({ sessions, start, userId }) =>
    Effect.gen(function*() {
      const tag = `tag-of-${userId}`.slice(0, 60)
      const other = yield* start({ userId: `${userId}-other`, config: { tags: [tag] } })
      const own = yield* start({ config: { tags: [tag] } })
      yield* start()
      yield* own.send("one")
      yield* Effect.all([other.send("two"), other.send("three")])
      const { groups = [], total } = yield* sessions.analytics({ tag, groupBy: "user" })
      assert.deepEqual([total.sessions, total.turns], [2, 3])
      assert.deepEqual(groups.map(({ key, usage }) => [key, usage.turns]), [[`${userId}-other`, 2], [userId, 1]])
      const { groups: tags } = yield* sessions.analytics({ userId, groupBy: "tag" })
      assert.deepEqual(tags?.map(({ key, usage }) => [key, usage.sessions]), [[tag, 1]])
    })),

  contractCase(
    "reports whole UTC days and refuses a period that ends before it starts",
    ({ sessions, userId }) =>
      Effect.gen(function*() {
        const { from, groups, to, total } = yield* sessions.analytics({
          userId,
          since: "2024-02-28T13:00:00+02:00",
          until: "2024-03-01",
          groupBy: "day"
        })
        assert.deepEqual([from, to].map(DateTime.formatIsoDateUtc), ["2024-02-28", "2024-03-01"])
        assert.deepEqual([groups, total.turns, total.latency], [[], 0, undefined])
        const upsideDown = sessions.analytics({ since: "2024-03-01", until: "2024-03-01" })
        assert.deepEqual((yield* failsWith("InvalidRequest", upsideDown)).path, ["until"])
        yield* failsWith("InvalidRequest", sessions.analytics({ limit: 1001 }))
        yield* failsWith("InvalidRequest", sessions.analytics({ tag: "t".repeat(65) }))
        yield* sessions.analytics({ limit: 1000, tag: "t".repeat(64) })
      })
  )
]
