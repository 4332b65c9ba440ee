import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Logger, LogLevel } from "effect"
import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import { newest } from "../../src/layers/store/internal/sqlite/migrations.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { copyOf, inSql, rowsOf } from "./databases.js"
import { temporaryFile } from "./temporaryFile.js"

const open = (filename: string) =>
  Effect.asVoid(Effect.provide(SessionStore, SqliteSessionStore.layer({ filename }))).pipe(
    Logger.withMinimumLogLevel(LogLevel.None)
  )

/** The names of all tables, indexes and triggers. */
const schemaOf = (filename: string) =>
  inSql(filename, (db) => db.prepare("SELECT name FROM sqlite_master ORDER BY name").pluck().all())

const messagesOf = (filename: string) =>
  inSql(filename, (db) => rowsOf(db, "messages", ["session_key", "seq", "parts"]))

const copiesOf = (filename: string) =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (files) => files.readDirectory(dirname(filename))),
    (entries) => entries.filter((entry) => entry.includes(".schema-")).toSorted()
  )

/** Calls `before` whenever a statement is about to be prepared. */
const beforeEachStatement = (before: (sql: string) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { prepare } = Sqlite.prototype
      Sqlite.prototype.prepare = function(this: Sqlite.Database, sql: string) {
        before(sql)
        return prepare.call(this, sql)
      } as typeof prepare
      return prepare
    }),
    (prepare) => Effect.sync(() => Sqlite.prototype.prepare = prepare)
  )

/** What a killed process leaves: its files so far, at each statement that found them changed. */
const statesDuring = <E, R>(filename: string, use: Effect.Effect<void, E, R>) =>
  Effect.gen(function*() {
    const files = ["", "-wal", ".schema-2.bak", ".schema-2.bak.partial"]
    const statements: Array<string> = []
    const left: Array<{ readonly sql: string; readonly filename: string }> = []
    const seen = new Set<string>()
    const keepFiles = (sql: string) => {
      if (!existsSync(filename)) return
      statements.push(sql)
      const hash = createHash("sha256")
      for (const suffix of files) {
        hash.update(existsSync(filename + suffix) ? readFileSync(filename + suffix) : "none")
      }
      const contents = hash.digest("hex")
      if (seen.has(contents)) return
      seen.add(contents)
      const killed = `${filename}-at-${left.length}/sessions.db`
      mkdirSync(dirname(killed))
      for (const suffix of files) if (existsSync(filename + suffix)) copyFileSync(filename + suffix, killed + suffix)
      left.push({ sql, filename: killed })
    }
    yield* Effect.scoped(Effect.zipRight(beforeEachStatement(keepFiles), use))
    return { left, statements }
  })

const migrationTest = <A, E>(
  name: string,
  test: Effect.Effect<A, E, FileSystem.FileSystem | Effect.Effect.Context<typeof temporaryFile>>
) => it.scopedLive(name, () => Effect.provide(test, NodeContext.layer), 60_000)

describe("The migration of the schema", () => {
  migrationTest(
    "row 26: leaves the old schema or the new one wherever it is killed, and can run again",
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      const { left, statements } = yield* statesDuring(filename, open(filename))
      const complete = schemaOf(filename)
      assert.isAbove(statements.filter((sql) => /^\s*CREATE /.test(sql)).length, 15)
      const schemas = new Set<string>()
      for (const { filename: killed, sql } of left) {
        const found = schemaOf(killed)
        schemas.add(found.join())
        assert.isTrue(
          found.length === 0 || found.length === complete.length,
          `before ${sql} the schema is partial: ${found.join()}`
        )
        yield* open(killed)
        assert.deepStrictEqual(schemaOf(killed), complete)
      }
      assert.isAtLeast(schemas.size, 2)
    })
  )

  migrationTest(
    "row 26: leaves an earlier database old or new wherever it is killed, with one complete copy of the old one",
    Effect.gen(function*() {
      const filename = yield* copyOf("schema-2.db")
      const [old, messages] = [schemaOf(filename), messagesOf(filename)]
      const { left } = yield* statesDuring(filename, open(filename))
      const complete = schemaOf(filename)
      const schemas = new Set<string>()
      const copied = new Set<boolean>()
      for (const { filename: killed, sql } of left) {
        // Looked at in a copy, since a look checkpoints the WAL.
        const looked = `${killed}-looked`
        for (const suffix of ["", "-wal"]) {
          if (existsSync(killed + suffix)) copyFileSync(killed + suffix, looked + suffix)
        }
        const found = schemaOf(looked)
        schemas.add(found.join())
        assert.include([old.join(), complete.join()], found.join(), `before ${sql}`)
        assert.deepStrictEqual(messagesOf(looked), messages)
        const copy = `${killed}.schema-2.bak`
        copied.add(existsSync(copy))
        if (found.length !== old.length) assert.isTrue(existsSync(copy), "nothing is migrated before it is copied")

        yield* open(killed)
        assert.deepStrictEqual(schemaOf(killed), complete)
        assert.deepStrictEqual(messagesOf(killed), messages)
        assert.deepStrictEqual(yield* copiesOf(killed), ["sessions.db.schema-2.bak"])
        assert.deepStrictEqual([schemaOf(copy), messagesOf(copy)], [old, messages])
      }
      assert.deepStrictEqual([schemas.size, copied.size], [2, 2])
    })
  )

  migrationTest(
    "never overwrites an earlier copy",
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const filename = yield* copyOf("schema-2.db")
      yield* files.writeFileString(`${filename}.schema-2.bak`, "an earlier copy")
      yield* files.writeFileString(`${filename}.schema-2.bak.partial`, "of a process that was killed")
      assert.deepStrictEqual(yield* SqliteSessionStore.migrate(filename), {
        from: 2,
        to: newest,
        copy: `${filename}.schema-2.2.bak`
      })
      assert.deepStrictEqual(yield* copiesOf(filename), ["sessions.db.schema-2.2.bak", "sessions.db.schema-2.bak"])
      assert.strictEqual(yield* files.readFileString(`${filename}.schema-2.bak`), "an earlier copy")
      assert.deepStrictEqual(messagesOf(`${filename}.schema-2.2.bak`), messagesOf(filename))
      assert.deepStrictEqual(yield* SqliteSessionStore.migrate(filename), { from: newest, to: newest })
    })
  )

  migrationTest(
    "fails typed and changes nothing when a statement fails for want of space, and can run again",
    Effect.gen(function*() {
      const filename = yield* copyOf("schema-2.db")
      const old = schemaOf(filename)
      const failing = yield* Effect.scoped(Effect.zipRight(
        beforeEachStatement((sql) => {
          if (/CREATE TABLE dead_letters/.test(sql)) throw Object.assign(new Error("full"), { code: "SQLITE_FULL" })
        }),
        Effect.flip(SqliteSessionStore.migrate(filename))
      ))
      assert.deepInclude(failing, { _tag: "StoreError", reason: "Full", detail: "sessions.db: SQLITE_FULL" })
      assert.deepStrictEqual(schemaOf(filename), old)
      yield* open(filename)
      assert.deepStrictEqual(yield* copiesOf(filename), ["sessions.db.schema-2.bak"])
    })
  )

  migrationTest(
    "overwrites what it removes from the database, so that nothing erased later remains in a free page",
    Effect.gen(function*() {
      const filename = yield* copyOf("schema-2.db")
      yield* SqliteSessionStore.migrate(filename)
      const id = "01a22421-2353-7000-8000-0060fbc60157"
      const found = readFileSync(filename).toString("latin1").split(`"sessionId":"${id}","totalMessages"`).length - 1
      assert.strictEqual(found, 1)
    })
  )
})
