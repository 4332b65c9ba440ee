import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Fiber } from "effect"
import type { SessionExport } from "../../src/domain/Transfer.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { message, recordOf } from "../domain/record.js"
import { temporaryFile } from "./temporaryFile.js"

const long = 3000

/** A session whose messages take several transactions. */
const record: SessionExport = {
  ...recordOf("s"),
  session: { ...recordOf("s").session, messageCount: long },
  lastSeq: long,
  messages: Array.from({ length: long }, (_, index) => message(index + 1)),
  rewound: [],
  turns: []
}

const layer = (filename: string) => SqliteSessionStore.layer({ filename, durability: "process" })

const rowsOf = (filename: string) =>
  Effect.sync(() => {
    const db = new Sqlite(filename, { readonly: true })
    const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
    const rows = [count("sessions"), count("messages"), count("restorations")]
    db.close()
    return rows
  })

/** Waits until some messages are stored, and the session is not. */
const underWay = (filename: string): Effect.Effect<void> =>
  Effect.flatMap(
    rowsOf(filename),
    ([, messages]) => messages === 0 ? Effect.zipRight(eventLoopTurn, underWay(filename)) : Effect.void
  )

describe("Restoring a long session in SQLite", () => {
  it.scoped("shows nothing before the session is complete, and blocks no other write", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      yield* Effect.gen(function*() {
        const store = yield* SessionStore
        const restoring = yield* Effect.fork(store.restore(record, []))
        yield* underWay(filename)
        assert.strictEqual((yield* Effect.flip(store.get(record.session.id)))._tag, "SessionNotFound")
        assert.deepStrictEqual(yield* store.list({}), { items: [] })
        assert.isTrue(yield* store.restore(recordOf("meanwhile"), []))
        assert.isTrue(yield* Fiber.join(restoring))
        assert.deepStrictEqual(yield* rowsOf(filename), [2, long + 3, 0])
        assert.lengthOf((yield* store.messages(record.session.id, { limit: 500 })).items, 500)
      }).pipe(Effect.provide(layer(filename)))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("leaves nothing when it is interrupted or another restore came first", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      yield* Effect.gen(function*() {
        const store = yield* SessionStore
        const restoring = yield* Effect.fork(store.restore(record, []))
        yield* underWay(filename)
        yield* Fiber.interrupt(restoring)
        assert.deepStrictEqual(yield* rowsOf(filename), [0, 0, 0])
        const two = yield* Effect.all([store.restore(record, []), store.restore(record, [])], { concurrency: 2 })
        assert.sameMembers(two, [true, false])
        assert.deepStrictEqual(yield* rowsOf(filename), [1, long, 0])
      }).pipe(Effect.provide(layer(filename)))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("leaves nothing in a later process when its own process ends", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      yield* Effect.provide(SessionStore, layer(filename))
      const db = new Sqlite(filename)
      db.exec(`
        INSERT INTO restorations VALUES (7);
        INSERT INTO messages (session_key, seq, id, role, created_at, metadata, parts) VALUES (7, 1, 'm', 0, 0, '{}', '""')`)
      db.close()
      assert.deepStrictEqual(yield* rowsOf(filename), [0, 1, 1])
      yield* Effect.provide(SessionStore, layer(filename))
      assert.deepStrictEqual(yield* rowsOf(filename), [0, 0, 0])
    }).pipe(Effect.provide(NodeContext.layer)))
})
