import { assert, describe, it } from "@effect/vitest"
import { Effect, FiberSet } from "effect"
import { Outbox, OutboxGroup } from "../../src/rpc/internal/wire/Outbox.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"

const mebibyte = 1024 * 1024

const answer = (requestId: string, characters: number) =>
  ({ _tag: "Exit", requestId, exit: { _tag: "Success", value: "x".repeat(characters) } }) as const

/** An outbox whose client reads when the test says so. */
const makeClient = (group: OutboxGroup) => {
  const state = {
    pieces: [] as Array<string>,
    lines: 0,
    unread: 0,
    isReading: true,
    isClosed: false,
    isConsuming: false
  }
  const outbox = new Outbox({
    write: (piece, isLast) => {
      state.pieces.push(piece)
      if (isLast) state.lines += 1
      if (!state.isConsuming) state.unread += piece.length
    },
    unread: () => state.unread,
    setReading: (isReading) => {
      state.isReading = isReading
    },
    closeUnread: () => {
      state.isClosed = true
    }
  }, group)
  outbox.onDrained = () => {
    state.isReading = true
  }
  return {
    outbox,
    state,
    /** The client reads what was written. */
    read: () => {
      state.unread = 0
      outbox.drained()
    }
  }
}

const makeGroup = (encodingBytes = 32 * mebibyte) =>
  Effect.map(
    FiberSet.makeRuntime<never>(),
    (run) => new OutboxGroup({ unreadBytes: mebibyte, encodingBytes }, (effect) => void run(effect), () => 0)
  )

const turns = (count: number) => Effect.replicateEffect(eventLoopTurn, count, { discard: true })

describe("Outbox", () => {
  it.scoped("writes small answers at once, and large ones in pieces with turns for others in between", () =>
    Effect.gen(function*() {
      const group = yield* makeGroup()
      const one = makeClient(group)
      const other = makeClient(group)
      one.state.isConsuming = other.state.isConsuming = true
      one.outbox.offer(answer("1", 10))
      assert.strictEqual(one.state.lines, 1)
      one.outbox.offer(answer("2", 4 * mebibyte))
      one.outbox.offer(answer("3", 10))
      other.outbox.offer(answer("1", 2 * mebibyte))
      yield* turns(4)
      assert.isAtLeast(one.state.pieces.length, 3)
      assert.isAtLeast(other.state.pieces.length, 2)
      assert.strictEqual(one.state.lines + other.state.lines, 1)
      yield* turns(30)
      assert.deepStrictEqual([one.state.lines, other.state.lines], [3, 1])
      assert.deepStrictEqual(
        one.state.pieces.join("").trim().split("\n").map((line) => JSON.parse(line)),
        [answer("1", 10), answer("2", 4 * mebibyte), answer("3", 10)]
      )
      assert.isAtMost(Math.max(...one.state.pieces.map(({ length }) => length)), mebibyte / 2)
      assert.deepStrictEqual([one.outbox.held, group.waiting], [0, 0])
    }))

  it.scoped("stops at 1 MiB unread, reads nothing meanwhile, and goes on when the client has read", () =>
    Effect.gen(function*() {
      const group = yield* makeGroup()
      const { outbox, read, state } = makeClient(group)
      outbox.offer(answer("1", 8 * mebibyte))
      yield* turns(40)
      assert.isAtMost(state.unread, 1.5 * mebibyte)
      assert.deepStrictEqual([state.isReading, outbox.blockedSince, group.blocked.size], [false, 0, 1])
      outbox.offer(answer("2", 10))
      assert.strictEqual(state.lines, 0)
      for (let count = 0; count < 10; count++) {
        read()
        yield* turns(10)
      }
      assert.deepStrictEqual([state.lines, state.isReading, outbox.isEmpty], [2, true, true])
      assert.deepStrictEqual([group.blocked.size, group.blockedHeld, group.waiting], [0, 0, 0])
    }))

  it.scoped("closes a client that does not read while many answers wait, and forgets them", () =>
    Effect.gen(function*() {
      const group = yield* makeGroup()
      const { outbox, state } = makeClient(group)
      outbox.offer(answer("0", 2 * mebibyte))
      yield* turns(20)
      for (let count = 1; count <= 15; count++) outbox.offer(answer(`${count}`, 2 * mebibyte))
      assert.isFalse(state.isClosed)
      outbox.offer(answer("16", 2 * mebibyte))
      assert.isTrue(state.isClosed)
      assert.deepStrictEqual([outbox.held, group.blockedHeld, group.blocked.size], [0, 0, 0])
    }))

  it.scoped("makes no more large answers for a client that it has closed", () =>
    Effect.gen(function*() {
      const { outbox, state } = makeClient(yield* makeGroup())
      assert.isFalse(outbox.isFull)
      outbox.giveUp()
      assert.isTrue(state.isClosed)
      // The socket stays until its client has answered the close.
      assert.isTrue(outbox.isFull)
    }))

  it.scoped("holds one answer of any size for a client that does not read", () =>
    Effect.gen(function*() {
      const group = yield* makeGroup()
      const { outbox, state } = makeClient(group)
      outbox.offer(answer("0", 100 * mebibyte))
      yield* turns(20)
      assert.deepStrictEqual([state.isClosed, outbox.blockedSince], [false, 0])
    }))

  it.scoped("closes those that hold the most when all together hold too much", () =>
    Effect.gen(function*() {
      const group = yield* makeGroup()
      const clients = Array.from({ length: 9 }, () => makeClient(group))
      for (const [index, { outbox }] of clients.entries()) {
        outbox.offer(answer("0", (12 + index) * mebibyte))
        yield* turns(20)
      }
      assert.isAtMost(group.blockedHeld, 128 * mebibyte)
      assert.deepStrictEqual(
        clients.map(({ state }) => state.isClosed),
        [false, false, false, false, false, false, false, false, true]
      )
    }))

  it.scoped("encodes no more at once than the limit, and lets others encode while a client does not read", () =>
    Effect.gen(function*() {
      const group = yield* makeGroup(4 * mebibyte)
      const [first, second, third] = [makeClient(group), makeClient(group), makeClient(group)]
      second.state.isConsuming = third.state.isConsuming = true
      second.outbox.offer(answer("1", 3 * mebibyte))
      third.outbox.offer(answer("1", 3 * mebibyte))
      yield* turns(4)
      assert.deepStrictEqual([second.state.pieces.length > 0, third.state.pieces.length], [true, 0])
      yield* turns(40)
      assert.deepStrictEqual([second.state.lines, third.state.lines], [1, 1])
      first.outbox.offer(answer("1", 4 * mebibyte))
      yield* turns(20)
      assert.strictEqual(first.outbox.blockedSince, 0)
      second.outbox.offer(answer("2", 3 * mebibyte))
      yield* turns(40)
      assert.strictEqual(second.state.lines, 2)
    }))
})
