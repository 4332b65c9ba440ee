import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Cause, Effect, Either, Exit, Fiber, Option, Scope, TestClock } from "effect"
import { closeSync, openSync, writeSync } from "node:fs"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { openDatabase } from "../../src/layers/store/internal/sqlite/database.js"
import { storeErrorOrDie } from "../../src/layers/store/internal/sqlite/errors.js"
import * as GroupCommitter from "../../src/layers/store/internal/sqlite/GroupCommitter.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { temporaryFile } from "./temporaryFile.js"

const prepare = (db: Sqlite.Database) => ({
  db,
  add: db.prepare<[text: string]>("INSERT INTO notes VALUES (?)"),
  addOrphan: db.prepare("INSERT INTO children VALUES (1)")
})

/** A committer on a scratch database, a second connection to inspect it, and a count of its statements. */
const scratch = Effect.gen(function*() {
  const filename = yield* temporaryFile
  const other = yield* Effect.acquireRelease(
    Effect.sync(() => new Sqlite(filename, { timeout: 0 })),
    (db) => Effect.sync(() => db.close())
  )
  other.pragma("journal_mode = WAL")
  other.exec(`
    CREATE TABLE notes (text TEXT PRIMARY KEY);
    CREATE TABLE parents (id INTEGER PRIMARY KEY);
    CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)`)
  const statements: Array<unknown> = []
  const count = (statement: string) => statements.filter((each) => each === statement).length
  const connect = Effect.sync(() => new Sqlite(filename, { timeout: 0, verbose: (sql) => statements.push(sql) })).pipe(
    Effect.catchAllDefect(storeErrorOrDie)
  )
  const scope = yield* Scope.fork(yield* Effect.scope, { _tag: "Sequential" })
  const { read, write } = yield* Scope.extend(GroupCommitter.make({ connect, prepare }), scope)
  const add = (text: string) =>
    write(({ add }) => {
      add.run(text)
      return Either.right(text)
    })
  const notes = () => other.prepare("SELECT text FROM notes ORDER BY text").pluck().all()
  return { add, count, filename, notes, other, close: Scope.close(scope, Exit.void), read, write }
})

const committerTest = <A, E>(
  name: string,
  test: (given: Effect.Effect.Success<typeof scratch>) => Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>
) => it.scoped(name, () => Effect.flatMap(scratch, test).pipe(Effect.provide(NodeContext.layer)))

const storeError = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert(error instanceof StoreError)
    return { reason: error.reason, detail: error.detail }
  })

describe("GroupCommitter", () => {
  committerTest(
    "commits writes that wait at the same moment together",
    ({ add, count, notes }) =>
      Effect.gen(function*() {
        const texts = Array.from({ length: 64 }, (_, index) => `note ${index}`)
        const answers = yield* Effect.forEach(texts, add, { concurrency: "unbounded" })
        assert.deepStrictEqual(answers, texts)
        assert.lengthOf(notes(), 64)
        assert.isAtMost(count("COMMIT"), 2)
      })
  )

  committerTest(
    "returns no write of 64 busy writers before its COMMIT, in far fewer transactions than writes",
    ({ add, count, other }) =>
      Effect.gen(function*() {
        const isCommitted = other.prepare("SELECT 1 FROM notes WHERE text = ?").pluck()
        const writer = (_: unknown, name: number) =>
          Effect.forEach(Array.from({ length: 10 }, (_, round) => `${name} in round ${round}`), (text) =>
            Effect.map(add(text), () => assert.strictEqual(isCommitted.get(text), 1)))
        yield* Effect.forEach(Array.from({ length: 64 }), writer, { concurrency: "unbounded" })
        assert.isAtMost(count("COMMIT"), 640 / 16)
      })
  )

  committerTest(
    "row 15: locks the database from its first read, so that no other writer intervenes",
    ({ add, notes, other, write }) =>
      Effect.gen(function*() {
        yield* add("a")
        const added = yield* write(({ add, db }) => {
          const found = db.prepare("SELECT count(*) FROM notes").pluck().get()
          assert.throws(() => other.exec("INSERT INTO notes VALUES ('theirs')"), /database is locked/)
          add.run(`after ${found}`)
          return Either.right(found)
        })
        assert.strictEqual(added, 1)
        other.exec("INSERT INTO notes VALUES ('theirs')")
        assert.deepStrictEqual(notes(), ["a", "after 1", "theirs"])
      })
  )

  committerTest(
    "puts at most 256 writes into one transaction",
    ({ add, count, notes, other }) =>
      Effect.gen(function*() {
        other.exec("BEGIN IMMEDIATE")
        const texts = Array.from({ length: 600 }, (_, index) => `note ${index}`)
        const writing = yield* Effect.fork(Effect.forEach(texts, add, { concurrency: "unbounded" }))
        yield* Effect.repeatN(eventLoopTurn, 20)
        other.exec("ROLLBACK")
        yield* TestClock.adjust("50 millis")
        yield* Fiber.join(writing)
        assert.lengthOf(notes(), 600)
        assert.strictEqual(count("COMMIT"), 3)
      })
  )

  committerTest("fails only the write that fails", ({ add, count, notes, write }) =>
    Effect.gen(function*() {
      const refused = write(({ add }) => {
        add.run("refused")
        return Either.left("no" as const)
      })
      const broken = write(({ add }) => {
        add.run("broken")
        throw new Error("a defect")
      })
      const [first, second, third, repeated, fourth] = yield* Effect.all(
        [
          Effect.exit(add("a")),
          Effect.exit(refused),
          Effect.exit(broken),
          Effect.exit(add("a")),
          Effect.exit(add("b"))
        ],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([first, second, fourth], [Exit.succeed("a"), Exit.fail("no"), Exit.succeed("b")])
      for (const exit of [third, repeated]) assert(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      assert.deepStrictEqual(notes(), ["a", "b"])
      assert.strictEqual(count("COMMIT"), 1)
    }))

  committerTest(
    "fails only the write that fills the disk, and runs the others again",
    ({ add, count, notes, write }) =>
      Effect.gen(function*() {
        yield* write(({ db }) => Either.right(db.pragma("page_count", { simple: true }))).pipe(
          Effect.flatMap((pages) => write(({ db }) => Either.right(db.pragma(`max_page_count = ${Number(pages) + 3}`))))
        )
        const begun = count("BEGIN IMMEDIATE")
        const [before, huge, after] = yield* Effect.all(
          [add("before"), add("x".repeat(100_000)), add("after")].map((each) => Effect.either(each)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([before, after], [Either.right("before"), Either.right("after")])
        assert(huge && Either.isLeft(huge))
        assert.deepInclude(huge.left, { reason: "Full", detail: "SQLITE_FULL" })
        assert.deepStrictEqual(notes(), ["after", "before"])
        assert.strictEqual(count("BEGIN IMMEDIATE") - begun, 2)
        yield* add("later")
      })
  )

  committerTest(
    "row 18: fails only the write that meets a damaged page, with Corrupt, and runs the others again",
    ({ add, count, filename, notes, other, read, write }) =>
      Effect.gen(function*() {
        yield* write(({ db }) => Either.right(db.exec("CREATE TABLE damaged (id INTEGER PRIMARY KEY, text TEXT)")))
        yield* write(({ db }) =>
          Either.right(
            db.exec("INSERT INTO damaged SELECT value, hex(randomblob(500)) FROM json_each('[1,2,3,4,5,6,7,8]')")
          )
        )
        yield* add("a")
        yield* read(({ db }) => db.pragma("wal_checkpoint(TRUNCATE)"))
        const pages = other.prepare<[], number>(
          "SELECT pageno FROM dbstat WHERE name = 'damaged' AND pagetype = 'leaf'"
        )
          .pluck().all()
        const file = openSync(filename, "r+")
        for (const page of pages) writeSync(file, Buffer.alloc(4096, "A"), 0, 4096, (page - 1) * 4096)
        closeSync(file)
        // Without a new connection SQLite would still have the pages in its cache.
        yield* storeError(write(({ addOrphan }) => Either.right(addOrphan.run())))

        const begun = count("BEGIN IMMEDIATE")
        const insert = write(({ db }) => Either.right(db.exec("INSERT INTO damaged VALUES (9, 'new')")))
        const [before, damaged, after] = yield* Effect.all(
          [Effect.either(add("before")), Effect.either(insert), Effect.either(add("after"))],
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([before, after], [Either.right("before"), Either.right("after")])
        assert(Either.isLeft(damaged))
        assert.deepInclude(damaged.left, { reason: "Corrupt", detail: "SQLITE_CORRUPT" })
        assert.deepStrictEqual(notes(), ["a", "after", "before"])
        assert.strictEqual(count("BEGIN IMMEDIATE") - begun, 2)
        yield* add("later")
      })
  )

  committerTest(
    "row 13: waits for the lock of another process without blocking the event loop",
    ({ add, count, notes, other }) =>
      Effect.gen(function*() {
        const events: Array<string> = []
        other.exec("BEGIN IMMEDIATE")
        const writing = yield* Effect.fork(Effect.tap(add("a"), () => Effect.sync(() => events.push("written"))))
        yield* Effect.repeatN(eventLoopTurn, 5)
        assert.strictEqual(count("BEGIN IMMEDIATE"), 1)
        const late = yield* Effect.fork(add("late"))
        yield* Effect.repeatN(eventLoopTurn, 5)
        events.push("released")
        other.exec("ROLLBACK")
        yield* TestClock.adjust("50 millis")
        yield* Fiber.join(writing)
        yield* Fiber.join(late)
        assert.deepStrictEqual(events, ["released", "written"])
        assert.deepStrictEqual(notes(), ["a", "late"])
      })
  )

  committerTest(
    "row 14: fails with Busy after 5 seconds of another process's lock, and stores nothing",
    ({ add, notes, other }) =>
      Effect.gen(function*() {
        other.exec("BEGIN IMMEDIATE")
        const writing = yield* Effect.fork(storeError(add("a")))
        yield* eventLoopTurn
        yield* TestClock.adjust("4900 millis")
        assert(Option.isNone(yield* Fiber.poll(writing)))
        yield* TestClock.adjust("200 millis")
        assert.deepStrictEqual(yield* Fiber.join(writing), { reason: "Busy", detail: "SQLITE_BUSY" })
        other.exec("ROLLBACK")
        yield* add("b")
        assert.deepStrictEqual(notes(), ["b"])
      })
  )

  committerTest("withdraws an interrupted write that still waits", ({ add, notes, other }) =>
    Effect.gen(function*() {
      yield* Effect.flatMap(Effect.fork(Effect.zipRight(Effect.void, add("at once"))), Fiber.interrupt)
      other.exec("BEGIN IMMEDIATE")
      const locked = yield* Effect.fork(add("locked"))
      const kept = yield* Effect.fork(add("kept"))
      yield* eventLoopTurn
      yield* Fiber.interrupt(locked)
      other.exec("ROLLBACK")
      yield* TestClock.adjust("50 millis")
      yield* Fiber.join(kept)
      assert.deepStrictEqual(notes(), ["kept"])
    }))

  committerTest(
    "row 12: fails with Unknown when COMMIT fails, and continues on a new connection",
    ({ add, close, notes, write }) =>
      Effect.gen(function*() {
        const connections = new Set<Sqlite.Database>()
        const seeConnection = write(({ db }) => Either.right(connections.add(db)))
        yield* seeConnection
        const orphan = write(({ addOrphan }) => Either.right(addOrphan.run()))
        const failures = yield* Effect.all([storeError(orphan), storeError(add("other"))], {
          concurrency: "unbounded"
        })
        const unknown = { reason: "Unknown", detail: "SQLITE_CONSTRAINT_FOREIGNKEY" }
        assert.deepStrictEqual(failures, [unknown, unknown])
        yield* add("next")
        yield* seeConnection
        assert.strictEqual(connections.size, 2)
        yield* close
        assert.deepStrictEqual(notes(), ["next"])
      })
  )

  committerTest(
    "fails with Unavailable when it cannot connect again",
    ({ add, filename, other, write }) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        yield* storeError(write(({ addOrphan }) => Either.right(addOrphan.run())))
        other.close()
        yield* files.remove(filename)
        yield* files.makeDirectory(filename)
        assert.deepStrictEqual(yield* storeError(add("a")), { reason: "Unavailable", detail: "SQLITE_CANTOPEN" })
      })
  )

  committerTest(
    "commits waiting writes when it closes, and refuses later ones",
    ({ add, close, filename, notes }) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const writing = yield* Effect.fork(add("last"))
        yield* Effect.yieldNow()
        yield* close
        assert.strictEqual(yield* Fiber.join(writing), "last")
        assert.deepStrictEqual(notes(), ["last"])
        assert.strictEqual((yield* files.stat(`${filename}-wal`)).size, FileSystem.Size(0))
        assert.deepStrictEqual(yield* storeError(add("late")), { reason: "Unavailable", detail: "the store is closed" })
      })
  )

  committerTest("reads committed data at once", ({ add, close, count, read }) =>
    Effect.gen(function*() {
      const notes = read(({ db }) => db.prepare("SELECT text FROM notes ORDER BY text").pluck().all())
      yield* add("a")
      const writing = yield* Effect.fork(add("b"))
      yield* Effect.yieldNow()
      assert.deepStrictEqual(yield* notes, ["a"], "a waiting write is not visible")
      assert.strictEqual(count("COMMIT"), 1)
      yield* Fiber.join(writing)
      assert.deepStrictEqual(yield* notes, ["a", "b"])
      yield* close
      assert.deepStrictEqual(yield* storeError(notes), { reason: "Unavailable", detail: "the store is closed" })
    }))

  committerTest(
    "connects again to read, and fails with Unavailable when it cannot",
    ({ add, filename, other, read, write }) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const count = read(({ db }) => Number(db.prepare("SELECT count(*) FROM notes").pluck().get()))
        const breakConnection = storeError(write(({ addOrphan }) => Either.right(addOrphan.run())))
        yield* add("a")
        yield* breakConnection
        assert.strictEqual(yield* count, 1)
        yield* breakConnection
        other.close()
        yield* files.remove(filename)
        yield* files.makeDirectory(filename)
        assert.deepStrictEqual(yield* storeError(count), { reason: "Unavailable", detail: "SQLITE_CANTOPEN" })
      })
  )

  for (const [durability, level] of [["disk", 2], ["process", 1]] as const) {
    it.scoped(`writes with synchronous=${level} for the durability "${durability}"`, () =>
      Effect.gen(function*() {
        const filename = yield* temporaryFile
        new Sqlite(filename).exec("CREATE TABLE notes (text TEXT)").close()
        const committer = yield* GroupCommitter.make({
          connect: openDatabase(filename, durability),
          prepare: (db) => db
        })
        // The pragma is only accurate after a write.
        yield* committer.write((db) => Either.right(db.exec("INSERT INTO notes VALUES ('a')")))
        const found = yield* committer.write((db) => Either.right(db.pragma("synchronous", { simple: true })))
        assert.strictEqual(found, level)
      }).pipe(Effect.provide(NodeContext.layer)))
  }
})
