import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import type Sqlite from "better-sqlite3"
import { Effect, Layer, Schema } from "effect"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { SessionContext } from "../../src/domain/SessionContext.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { newest } from "../../src/layers/store/internal/sqlite/migrations.js"
import { digestOf, knownSchemas, selectObjects } from "../../src/layers/store/internal/sqlite/schemaCheck.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { columnsOf, copyOf, databaseFiles, inSql, rowsOf } from "./databases.js"

const storeOf = (filename: string) => SqliteSessionStore.layer({ filename })

const managerOf = (filename: string) =>
  SessionRuntime.layerProduction({ filename }).pipe(
    Layer.provide(MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer())))
  )

const digest = (db: Sqlite.Database) => digestOf(db.prepare<[], SchemaObject>(selectObjects).all())

type SchemaObject = Parameters<typeof digestOf>[0][number]

const newestDigest = [...knownSchemas].find(([, { isEarlierForm, version }]) => version === newest && !isEarlierForm)
  ?.[0]

/** The tables that hold what users have stored, with their columns. */
const storedTables = (db: Sqlite.Database) =>
  [
    "sessions",
    "session_tags",
    "segments",
    "messages",
    "contexts",
    "turns",
    "events",
    "tag_sets",
    "rollups",
    "rollup_tallies"
  ].map((table) => [table, columnsOf(db, table)] as const)

interface Stored {
  readonly id: string
  readonly seq: number
  readonly messageId: string | Buffer
  readonly parts: string
}

/** The history of each session, rewound messages included, as its rows hold it. */
const histories = (db: Sqlite.Database) =>
  db.prepare<[], Stored>(`
    SELECT sessions.id, seq, messages.id AS messageId, parts
    FROM sessions JOIN segments ON segments.session_key = sessions.key
    JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
    ORDER BY sessions.key, seq`).all()

const idOf = (column: string | Buffer) =>
  typeof column === "string"
    ? column
    : column.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")

describe("A database of an earlier version", () => {
  it("is made by frozen migrations", () => {
    const folder = fileURLToPath(new URL("../../src/layers/store/internal/sqlite/migrations/", import.meta.url))
    const digests = Object.fromEntries(
      readdirSync(folder).map((name) => [name, createHash("sha256").update(readFileSync(folder + name)).digest("hex")])
    )
    // Add a line for a new migration. Never change one: databases were made by that text.
    assert.deepStrictEqual(digests, {
      "0001_sessions.ts": "0134b7f7d4c912fa765fde85a7a1b161f0d49caf2f96f8553c3ed8fa10010008",
      "0002_rollups.ts": "059a18187d88eecc4d630e33d19c282f1c2eb77dc2fa9969622ec9be2ab2e764",
      "0003_search.ts": "b01f4e2c2ffdec478c68cd494c377405676ca72a816c6d366c74d76f11b3ba6a",
      "0004_hooks.ts": "5dc2b16fcac41c8b5d3b2b868c0b4ce3b638f43de9539b03d1478d1272a72aea"
    })
    assert.lengthOf(Object.keys(digests), newest)
  })

  it.effect("has the schema that is known of it", () =>
    Effect.gen(function*() {
      const seen = new Set<string>()
      for (const name of databaseFiles) {
        const found = inSql(yield* copyOf(name), digest)
        const version = Number(/^schema-(\d+)/.exec(name)?.[1])
        assert.strictEqual(knownSchemas.get(found)?.version, version, `${name} has the digest ${found}`)
        seen.add(found)
      }
      assert.isDefined(newestDigest)
      assert.isTrue(seen.has(newestDigest ?? ""), "the newest schema has a file too")
      for (const [found, { isEarlierForm }] of knownSchemas) {
        if (isEarlierForm) assert.isTrue(seen.has(found), `a file has the digest ${found}`)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  for (const name of databaseFiles) {
    it.scopedLive(`row 103: opens whole: ${name}`, () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const filename = yield* copyOf(name)
        const before = inSql(filename, (db) => ({
          tables: storedTables(db).map(([table, columns]) => [table, columns, rowsOf(db, table, columns)] as const),
          histories: histories(db),
          contexts: db.prepare<[], { id: string; context: string }>(`
            SELECT id, context FROM contexts JOIN sessions ON sessions.key = session_key GROUP BY sessions.key HAVING max(version)`)
            .all(),
          turns: db.prepare<[], { id: string; turn: string | Buffer }>(`
            SELECT sessions.id, turns.id AS turn FROM turns JOIN sessions ON sessions.key = session_key
            ORDER BY sessions.key, ordinal`).all(),
          lastKey: db.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'sessions'").pluck().get() ?? 0
        }))
        assert.isAbove(before.histories.length, 15)
        const { upToDate, version } = yield* SqliteSessionStore.status(filename)

        yield* Effect.gen(function*() {
          const store = yield* SessionStore
          const after = inSql(filename, (db) =>
            before.tables.map(([table, columns]) => [table, columns, rowsOf(db, table, columns)] as const))
          assert.deepStrictEqual(after, before.tables)
          const sessions = (yield* store.list({ limit: 200 })).items
          assert.strictEqual(sessions.length, before.tables[0]?.[2].length)
          for (const { id } of sessions) {
            const { items } = yield* store.messages(id, { limit: 200, rewound: true })
            assert.deepStrictEqual(
              items.map((message) => [message.seq, message.id, message.text]),
              before.histories.filter((stored) =>
                stored.id === id
              )
                .map(({ messageId, parts, seq }) => [seq, idOf(messageId), JSON.parse(parts)])
            )
            const context = yield* Schema.encode(SessionContext)(yield* store.context(id))
            assert.deepStrictEqual(
              context,
              JSON.parse(before.contexts.find((stored) => stored.id === id)?.context ?? "")
            )
            assert.sameMembers(
              (yield* store.turns(id, 1000)).map((turn) => turn.id),
              before.turns.filter((stored) => stored.id === id).map(({ turn }) => idOf(turn))
            )
          }
          const stats = yield* (store.maintenance?.stats ?? Effect.die("no stats"))
          assert.strictEqual(stats.messages, before.tables.find(([table]) => table === "messages")?.[2].length)
        }).pipe(Effect.provide(storeOf(filename)))
        assert.strictEqual(inSql(filename, digest), newestDigest)
        assert.deepStrictEqual(yield* SqliteSessionStore.status(filename), { version: newest, newest, upToDate: true })

        // It continues: the first session that is not archived answers, and its earlier messages are found.
        yield* Effect.gen(function*() {
          const sessions = yield* SessionManager
          for (const { id, status } of (yield* sessions.search({})).items) {
            const session = sessions.session(id)
            if (status === "archived") yield* session.reactivate
            const last = before.histories.findLast((stored) => stored.id === id)
            assert.strictEqual((yield* session.send("Are you still there?")).seq, (last?.seq ?? 0) + 2)
            const word = String(JSON.parse(last?.parts ?? "\"\"")).replace(/^You said: /, "")
            const hits = (yield* sessions.searchMessages({ text: word, sessionId: id })).items
            assert.isNotEmpty(hits, `${word} is found`)
          }
          const created = yield* sessions.create({ userId: "u9", provider: "mock", model: "mock-model" })
          yield* created.send("Hello")
        }).pipe(Effect.provide(managerOf(filename)))
        inSql(filename, (db) => {
          const key = db.prepare<[], number>("SELECT max(key) FROM sessions").pluck().get() ?? 0
          assert.strictEqual(key, before.lastKey + 1, "no key is used twice")
          assert.deepStrictEqual(db.pragma("integrity_check", { simple: true }), "ok")
          assert.lengthOf(db.pragma("foreign_key_check") as Array<unknown>, 0)
        })

        const copies = (yield* files.readDirectory(filename.slice(0, filename.lastIndexOf("/"))))
          .filter((entry) => entry.includes("schema"))
        assert.deepStrictEqual(copies, upToDate ? [] : [`sessions.db.schema-${version}.bak`])
        for (const copy of copies) {
          const path = filename.replace("sessions.db", copy)
          assert.strictEqual(Number((yield* files.stat(path)).mode) & 0o777, 0o600)
          inSql(path, (db) => {
            assert.strictEqual(db.pragma("integrity_check", { simple: true }), "ok")
            for (const [table, columns, rows] of before.tables) assert.deepStrictEqual(rowsOf(db, table, columns), rows)
          })
        }
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)
  }
})
