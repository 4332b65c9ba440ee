import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { makeCallGate } from "../../src/rpc/internal/wire/callGate.js"
import { SessionRpcs } from "../../src/rpc/SessionRpcs.js"

const limits = { calls: 4096, callsPerConnection: 1024, streams: 4, streamsPerConnection: 2 }

const open = () => makeCallGate({ ...SessionRpcs, tags: SessionRpcs.requests }, limits)

const enterMany = (connection: ReturnType<ReturnType<typeof open>["connection"]>, count: number) =>
  Array.from({ length: count }, (_, index) => connection.enter(String(index), "Health"))

describe("makeCallGate", () => {
  it("allows 1024 calls on a connection, and another when one has ended", () => {
    const gate = open()
    const connection = gate.connection()
    assert.deepStrictEqual(new Set(enterMany(connection, 1024)), new Set([undefined]))
    assert.match(connection.enter("one more", "Health")?.message ?? "", /1024 calls run on this connection/)
    assert.isUndefined(gate.connection().enter("0", "Health"))
    connection.leave("0")
    assert.isUndefined(connection.enter("one more", "Health"))
  })

  it("allows 4096 calls on a server, and more when a connection has closed", () => {
    const gate = open()
    const connections = Array.from({ length: 4 }, gate.connection)
    for (const connection of connections) enterMany(connection, 1024)
    assert.match(gate.connection().enter("0", "Health")?.message ?? "", /4096 calls run on it/)
    connections[0]?.leaveAll()
    assert.isUndefined(gate.connection().enter("0", "Health"))
  })

  it("counts streams apart from calls", () => {
    const gate = open()
    const connection = gate.connection()
    assert.deepStrictEqual([connection.enter("0", "Watch"), connection.enter("1", "Stream")], [undefined, undefined])
    assert.match(connection.enter("2", "Watch")?.message ?? "", /2 streams run on this connection/)
    assert.isUndefined(connection.enter("3", "Health"))
    assert.deepStrictEqual(gate.running(), { calls: 1, streams: 2 })
    connection.leave("1")
    assert.isUndefined(connection.enter("4", "Watch"))
  })

  it("gives a connection a quarter of all calls while another has any, and all of them alone", () => {
    const gate = makeCallGate({ ...SessionRpcs, tags: SessionRpcs.requests }, { ...limits, calls: 8, streams: 8 })
    const connection = gate.connection()
    assert.deepStrictEqual(new Set(enterMany(connection, 8)), new Set([undefined]))
    assert.match(gate.connection().enter("0", "Health")?.message ?? "", /8 calls run on it/)
    connection.leaveAll()
    const other = gate.connection()
    other.enter("0", "Health")
    assert.deepStrictEqual(enterMany(connection, 2), [undefined, undefined])
    assert.match(connection.enter("one more", "Health")?.message ?? "", /2 calls run on this connection/)
  })

  it.effect("waits for running calls, up to a timeout", () =>
    Effect.gen(function*() {
      const gate = open()
      yield* gate.drain("1 hour")
      const [one, other] = [open(), open()]
      const connection = one.connection()
      connection.enter("0", "Health")
      other.connection().enter("0", "Health")
      const drained = yield* Effect.fork(one.drain("1 hour"))
      const gaveUp = yield* Effect.fork(other.drain("1 hour"))
      yield* Effect.yieldNow()
      assert.isNull(drained.unsafePoll())
      connection.leave("0")
      yield* Fiber.join(drained)
      yield* TestClock.adjust("59 minutes")
      assert.isNull(gaveUp.unsafePoll())
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(gaveUp)
    }))

  it.effect("does not wait for an endless call", () =>
    Effect.gen(function*() {
      const gate = open()
      const connection = gate.connection()
      connection.enter("0", "Watch")
      connection.enter("1", "Health")
      const drained = yield* Effect.fork(gate.drain("1 hour"))
      connection.leave("1")
      yield* Fiber.join(drained)
      assert.strictEqual(connection.running(), 1)
    }))
})
