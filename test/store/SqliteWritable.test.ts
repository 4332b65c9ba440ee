import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { temporaryFile } from "./temporaryFile.js"

/** A store's check, and another connection to its database. `writes` counts the writes that the check has made. */
const opened = Effect.gen(function*() {
  const filename = yield* temporaryFile
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(SqliteSessionStore.layer({ filename }), scope)
  const store = yield* Effect.provide(SessionStore, context)
  assert(store.checkWritable !== undefined)
  const other = yield* Effect.acquireRelease(
    Effect.sync(() => new Sqlite(filename, { timeout: 0 })),
    (db) => Effect.sync(() => db.close())
  )
  const mark = other.prepare("SELECT value FROM totals WHERE name = 'mark'").pluck()
  const first = Number(mark.get())
  return {
    check: store.checkWritable,
    close: Scope.close(scope, Exit.void),
    other,
    writes: () => Number(mark.get()) - first
  }
})

describe("SqliteSessionStore.checkWritable", () => {
  it.scoped("writes at most every 10 seconds while writes succeed", () =>
    Effect.gen(function*() {
      const { check, close, writes } = yield* opened
      yield* Effect.repeatN(check, 9)
      assert.strictEqual(writes(), 1)
      yield* close
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("row 15: fails while another process locks the database, and not once it is free", () =>
    Effect.gen(function*() {
      const { check, close, other } = yield* opened
      other.exec("BEGIN IMMEDIATE")
      const locked = yield* Effect.fork(Effect.flip(check))
      // The store retries after delays on the clock, from the real event loop.
      const advance = Effect.zipRight(TestClock.adjust("100 millis"), Effect.promise(() => new Promise(setImmediate)))
      yield* Effect.repeat(Effect.zipRight(advance, Fiber.poll(locked)), { until: ({ _tag }) => _tag === "Some" })
      const error = yield* Fiber.join(locked)
      assert.strictEqual(error.reason, "Busy")
      other.exec("COMMIT")
      yield* check
      yield* close
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("fails at once when the store is closed", () =>
    Effect.gen(function*() {
      const { check, close } = yield* opened
      yield* check
      yield* close
      assert.strictEqual((yield* Effect.flip(check)).reason, "Unavailable")
    }).pipe(Effect.provide(NodeContext.layer)))
})
