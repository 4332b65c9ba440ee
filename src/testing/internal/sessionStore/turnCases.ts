import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import assert from "node:assert/strict"
import { DeadlineExceeded } from "../../../domain/error/TurnError.js"
import { IdempotencyKey, TurnId } from "../../../domain/Ids.js"
import { BusyPolicy, OnUnknown, Turn, TurnStatus } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, forkSession, ownSession, turnOf } from "./samples.js"
import { assertDies, assertSame, conformanceCase } from "./suite.js"

const key = IdempotencyKey.make("a.key:of-1_turn")

/**
 * Storing and finding turns.
 */
export const turnCases = [
  conformanceCase(
    "returns a turn's current state by id and by key",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const accepted = turnOf(id, 1, {
        key,
        digest: "digest \"of\" it",
        deadlineAt: at(30.001),
        whenBusy: "steer",
        onUnknown: "retry"
      })
      const { prompt: _, ...asked } = accepted
      const calling: Turn = {
        ...asked,
        status: "calling",
        attempt: 2,
        startedAt: at(2),
        promptSeq: 1,
        draft: "As I \0"
      }
      const { draft: __, ...called } = calling
      const failed: Turn = {
        ...called,
        status: "failed",
        endedAt: at(3),
        replySeq: 2,
        joined: TurnId.make("another"),
        error: new DeadlineExceeded({ turnId: accepted.id, sessionId: id })
      }
      for (const turn of [accepted, calling, failed]) {
        yield* store.commit(id, epoch, { turns: [turn] })
        assertSame(Turn, Option.getOrThrow(yield* store.turn(id, turn.id)), turn)
        assertSame(Turn, Option.getOrThrow(yield* store.turnByKey(id, key)), turn)
        const [latest] = yield* store.turns(id, 1)
        assert.ok(latest)
        assertSame(Turn, latest, turn)
      }
    })
  ),

  conformanceCase(
    "keeps every field of a turn",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const words = [
        ...TurnStatus.literals.map((status) => ({ status })),
        ...BusyPolicy.literals.map((whenBusy) => ({ whenBusy })),
        ...OnUnknown.literals.map((onUnknown) => ({ onUnknown }))
      ]
      const turns = words.map((word, index) => turnOf(id, index + 1, word))
      yield* store.commit(id, epoch, { turns })
      for (const turn of turns) assertSame(Turn, Option.getOrThrow(yield* store.turn(id, turn.id)), turn)
    })
  ),

  conformanceCase(
    "keeps the highest ordinal, whichever turn changed last",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1), turnOf(id, 2), turnOf(id, 3)] })
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1, { status: "calling" })] })
      yield* store.commit(id, epoch, {})
      const { lastOrdinal, openTurns } = yield* store.open(id, 0)
      assert.equal(lastOrdinal, 3)
      assert.deepEqual(openTurns.map(({ ordinal }) => ordinal), [1, 2, 3])
    })
  ),

  conformanceCase(
    "finds no turn of another session",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(0)
      const turn = turnOf(origin.id, 1, { key })
      yield* store.commit(origin.id, origin.epoch, { turns: [turn] })
      const fork = yield* forkSession(origin.id, 0)
      assert.deepEqual(yield* store.turn(fork.id, turn.id), Option.none())
      assert.deepEqual(yield* store.turnByKey(fork.id, key), Option.none())
      assert.deepEqual(yield* store.turnByKey(origin.id, IdempotencyKey.make("another")), Option.none())
      yield* store.commit(fork.id, fork.epoch, { turns: [turnOf(fork.id, 1, { key })] })
      assert.equal(Option.getOrThrow(yield* store.turnByKey(fork.id, key)).sessionId, fork.id)
      assert.equal(Option.getOrThrow(yield* store.turnByKey(origin.id, key)).sessionId, origin.id)
    })
  ),

  conformanceCase(
    "stores nothing of a commit with a duplicate turn id or key",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const first = turnOf(id, 1, { key })
      yield* store.commit(id, epoch, { turns: [first] })
      const refused = [
        [turnOf(id, 2), turnOf(id, 1)],
        [turnOf(id, 2), turnOf(id, 3, { key })],
        [turnOf(id, 2), { ...turnOf(id, 3), id: first.id }],
        [turnOf(id, 2), { ...turnOf(id, 3), id: turnOf(id, 2).id }],
        [turnOf(id, 2, { key: IdempotencyKey.make("twice") }), turnOf(id, 3, { key: IdempotencyKey.make("twice") })]
      ]
      for (const turns of refused) yield* assertDies(store.commit(id, epoch, { turns }))
      assert.deepEqual((yield* store.turns(id, 10)).map(({ ordinal }) => ordinal), [1])
      assert.equal((yield* store.open(id, 0)).lastOrdinal, 1)
    })
  )
]
