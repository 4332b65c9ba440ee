import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Either, Exit, Fiber, Random, Runtime } from "effect"
import type { StoreError } from "../../src/domain/error/StoreError.js"
import { openDatabase } from "../../src/layers/store/internal/sqlite/database.js"
import * as GroupCommitter from "../../src/layers/store/internal/sqlite/GroupCommitter.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { temporaryFile } from "./temporaryFile.js"

const scratch = Effect.gen(function*() {
  const filename = yield* temporaryFile
  const other = yield* Effect.acquireRelease(
    Effect.sync(() => new Sqlite(filename, { timeout: 0 })),
    (db) => Effect.sync(() => db.close())
  )
  other.pragma("journal_mode = WAL")
  other.exec("CREATE TABLE notes (write INTEGER, part INTEGER, PRIMARY KEY (write, part))")
  const committer = yield* GroupCommitter.make({
    connect: openDatabase(filename, "process"),
    prepare: (db) => ({ add: db.prepare<[write: number, part: number]>("INSERT INTO notes VALUES (?, ?)") })
  })
  /** A write of three rows. */
  const addThree = (write: number) =>
    committer.write(({ add }) => {
      for (const part of [1, 2, 3]) add.run(write, part)
      return Either.right(write)
    })
  const rows = (write: number) => other.prepare("SELECT count(*) FROM notes WHERE write = ?").pluck().get(write)
  return { addThree, committer, other, rows }
})

const held = (other: Sqlite.Database, hold: boolean) => other.exec(hold ? "BEGIN IMMEDIATE" : "ROLLBACK")

describe("An interrupted write", () => {
  it.scopedLive(
    "row 29: is complete or absent, wherever its fiber is interrupted, and blocks no other write",
    () =>
      Effect.gen(function*() {
        const { addThree, other, rows } = yield* scratch
        const outcomes = { written: 0, withdrawn: 0 }
        for (let round = 0; round < 100; round++) {
          // A lock makes some transactions wait, so that interruptions hit every phase.
          const locked = yield* Random.nextBoolean
          if (locked) held(other, true)
          const writes = [4 * round, 4 * round + 1, 4 * round + 2]
          const fibers = yield* Effect.forEach(writes, (write) => Effect.fork(addThree(write)))
          const uninterrupted = yield* Effect.fork(addThree(4 * round + 3))
          for (const fiber of fibers) {
            yield* Effect.repeatN(Effect.yieldNow(), yield* Random.nextIntBetween(0, 4))
            yield* Effect.repeatN(eventLoopTurn, yield* Random.nextIntBetween(0, 3)).pipe(
              Effect.when(() => round % 3 !== 0)
            )
            yield* Fiber.interrupt(fiber)
          }
          if (locked) held(other, false)
          assert.strictEqual(yield* Fiber.join(uninterrupted), 4 * round + 3)
          for (const [index, fiber] of fibers.entries()) {
            const write = 4 * round + index
            const exit = yield* Fiber.await(fiber)
            const found = rows(write)
            // The interruption may lose the result of a write that has happened.
            assert.include(Exit.isSuccess(exit) ? [3] : [0, 3], found)
            outcomes[found === 3 ? "written" : "withdrawn"]++
          }
          assert.strictEqual(rows(4 * round + 3), 3)
        }
        assert.strictEqual(outcomes.written + outcomes.withdrawn, 300)
        assert.isAbove(outcomes.written, 20)
        assert.isAbove(outcomes.withdrawn, 20)
      }).pipe(Effect.withRandom(Random.make("row 29")), Effect.provide(NodeContext.layer)),
    60_000
  )

  it.scopedLive("row 30: leaves no fiber in its transaction: a forked write has its own transaction", () =>
    Effect.gen(function*() {
      const { addThree, committer, rows } = yield* scratch
      const fork = Runtime.runFork(yield* Effect.runtime())
      const forked: Array<Fiber.RuntimeFiber<number, StoreError>> = []
      const undone = yield* Effect.flip(committer.write(({ add }) => {
        add.run(1, 1)
        forked.push(fork(addThree(2)))
        return Either.left("undone" as const)
      }))
      assert.strictEqual(undone, "undone")
      for (const fiber of forked) yield* Fiber.join(fiber)
      assert.lengthOf(forked, 1)
      assert.strictEqual(rows(1), 0)
      assert.strictEqual(rows(2), 3, "it was not undone with the transaction that forked it")
    }).pipe(Effect.provide(NodeContext.layer)))
})
