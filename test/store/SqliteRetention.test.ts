import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Schema } from "effect"
import { updateContext } from "../../src/domain/SessionContext.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import {
  at,
  eventOf,
  forkSession,
  messageOf,
  messagesOf,
  ownSession,
  turnOf
} from "../../src/testing/internal/sessionStore/samples.js"
import { temporaryFile } from "./temporaryFile.js"

const decodeRows = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ rows: Schema.Number })))

/** The number of rows in each table of sessions. */
const rowsIn = (filename: string) =>
  Effect.sync(() => {
    const db = new Sqlite(filename, { readonly: true })
    try {
      const tables = ["sessions", "segments", "messages", "contexts", "turns", "events"]
      const counted = tables.map((table) => `SELECT count(*) AS rows FROM ${table}`).join(" UNION ALL ")
      const rows = decodeRows(db.prepare(counted).all())
      return Object.fromEntries(tables.map((table, index) => [table, rows[index]?.rows]))
    } finally {
      db.close()
    }
  })

const nothing = { sessions: 0, segments: 0, messages: 0, contexts: 0, turns: 0, events: 0 }

const retentionTest = <A, E>(
  name: string,
  test: (rows: Effect.Effect<Record<string, number | undefined>>) => Effect.Effect<A, E, IdGenerator | SessionStore>
) =>
  it.scoped(name, () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      yield* test(rowsIn(filename)).pipe(
        Effect.provide([SqliteSessionStore.layer({ filename, durability: "process" }), IdGenerator.layer])
      )
    }).pipe(Effect.provide(NodeContext.layer)))

describe("SqliteSessionStore removes every row that no read can reach", () => {
  retentionTest("of a removed session", (rows) =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(4)
      const turn = turnOf(id, 1)
      yield* store.commit(id, epoch, {
        rewindTo: 2,
        turns: [turn],
        events: [eventOf(id, 2, { _tag: "TurnAccepted", turnId: turn.id })],
        context: yield* updateContext(yield* store.context(id), { user: { name: "Ada" } }, at(1))
      })
      assert.deepStrictEqual(yield* rows, { sessions: 1, segments: 3, messages: 4, contexts: 2, turns: 1, events: 2 })
      yield* store.remove(id, epoch)
      assert.deepStrictEqual(yield* rows, nothing)
    }))

  retentionTest("of a cleared history", (rows) =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(4)
      yield* store.commit(id, epoch, { rewindTo: 2 })
      yield* store.commit(id, epoch, { clearMessages: true })
      assert.deepInclude(yield* rows, { segments: 1, messages: 0 })
    }))

  retentionTest("of a removed origin, except what its forks share", (rows) =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(2)
      const changed = (name: string) =>
        Effect.flatMap(store.context(origin.id), (context) => updateContext(context, { user: { name } }, at(1)))
      yield* store.commit(origin.id, origin.epoch, { context: yield* changed("known to both") })
      yield* store.commit(origin.id, origin.epoch, { messages: messagesOf(origin.id, 3, 4) })
      yield* store.commit(origin.id, origin.epoch, { context: yield* changed("after what both share") })
      yield* store.commit(origin.id, origin.epoch, { messages: messagesOf(origin.id, 5, 6) })
      yield* store.commit(origin.id, origin.epoch, { context: yield* changed("the origin's") })
      const shorter = yield* forkSession(origin.id, 3)
      const longer = yield* forkSession(origin.id, 4)
      assert.deepInclude(yield* rows, { sessions: 3, segments: 5, messages: 6, contexts: 6 })

      yield* store.remove(origin.id, origin.epoch)
      assert.deepInclude(yield* rows, { sessions: 2, segments: 4, messages: 4, contexts: 4 })
      yield* store.commit(longer.id, longer.epoch, { rewindTo: 1 })
      assert.deepInclude(yield* rows, { messages: 4, contexts: 4 })
      yield* store.remove(longer.id, longer.epoch)
      assert.deepInclude(yield* rows, { sessions: 1, segments: 2, messages: 3, contexts: 3 })
      yield* store.commit(shorter.id, shorter.epoch, { clearMessages: true })
      assert.deepInclude(yield* rows, { sessions: 1, segments: 1, messages: 0, contexts: 1 })
      yield* store.remove(shorter.id, shorter.epoch)
      assert.deepStrictEqual(yield* rows, nothing)
    }))

  retentionTest("of a message, also for its events", (rows) =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const message = messageOf(id, 1)
      yield* store.commit(id, epoch, {
        messages: [message],
        events: [eventOf(id, 2, { _tag: "MessageSent", message })]
      })
      yield* store.commit(id, epoch, { clearMessages: true })
      assert.deepInclude(yield* rows, { messages: 0, events: 2 })
      assert.lengthOf(yield* store.events(id, 1, 10), 0)
    }))
})
