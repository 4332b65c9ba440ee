import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Layer, Queue, TestClock } from "effect"
import { FileSystemType, watchWal } from "../../src/layers/store/internal/sqlite/database.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { messagesOf, ownSession } from "../../src/testing/internal/sessionStore/samples.js"
import { logged } from "./logged.js"
import { temporaryFile } from "./temporaryFile.js"

const opened = <A, E, R>(filename: string, use: Effect.Effect<A, E, R>) =>
  Effect.provide(use, Layer.merge(SqliteSessionStore.layer({ filename }), IdGenerator.layer))

const open = (filename: string) => opened(filename, Effect.asVoid(SessionStore))

/** The id of a new session with this many messages. */
const sessionOf = (count: number) => Effect.map(ownSession(count), ({ id }) => id)

/** Copies an open database, as a backup of the whole directory would. */
const copyOpen = (from: string, to: string, suffixes: ReadonlyArray<string>) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (files) => Effect.forEach(suffixes, (suffix) => files.copyFile(from + suffix, to + suffix))
  )

/** Waits until the high-water mark is recorded again. */
const nextMark = (filename: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const recorded = files.readFileString(`${filename}-high-water`)
    const before = yield* recorded
    yield* TestClock.adjust("10 seconds")
    yield* Effect.repeat(Effect.zipRight(eventLoopTurn, recorded), { until: (now) => now !== before })
  })

const lacksData = /^The database lacks data that it held at 1970-01-01T00:00:\d\d.000Z/

const startUpTest = <A, E>(
  name: string,
  test: (filename: string) => Effect.Effect<A, E, FileSystem.FileSystem | Effect.Effect.Context<typeof temporaryFile>>
) => it.scoped(name, () => Effect.flatMap(temporaryFile, test).pipe(Effect.provide(NodeContext.layer)))

describe("SqliteSessionStore, on opening", () => {
  startUpTest(
    "row 18: finds a damaged page, reports it in its health, and serves the other pages",
    (filename) =>
      Effect.gen(function*() {
        const [damaged, sound] = yield* opened(filename, Effect.all([sessionOf(200), sessionOf(200)]))
        yield* overwritePageOf(filename, "message 100")
        const warnings = yield* logged(opened(
          filename,
          Effect.gen(function*() {
            const store = yield* SessionStore
            assert.strictEqual((yield* store.health).ok, false)
            const error = yield* Effect.flip(store.messages(damaged, { limit: 200 }))
            assert(error._tag === "StoreError")
            assert.strictEqual(error.reason, "Corrupt")
            assert.lengthOf((yield* store.messages(sound, { limit: 200 })).items, 200)
            const { epoch } = yield* store.open(sound, 0)
            yield* store.commit(sound, epoch, { messages: messagesOf(sound, 201, 201) })
          })
        ))
        assert.lengthOf(warnings, 1)
        assert.match(warnings[0] ?? "", /^The database is damaged: /)
      })
  )

  startUpTest("row 21: warns when the WAL was deleted after a crash", (filename) =>
    Effect.gen(function*() {
      const crashed = `${filename}-crashed`
      yield* opened(
        filename,
        Effect.gen(function*() {
          yield* sessionOf(3)
          yield* nextMark(filename)
          yield* copyOpen(filename, crashed, ["", "-wal", "-high-water"])
        })
      )
      const files = yield* FileSystem.FileSystem
      yield* copyOpen(crashed, `${filename}-whole`, ["", "-wal", "-high-water"])
      assert.deepStrictEqual(yield* logged(open(`${filename}-whole`)), [])
      yield* files.remove(`${crashed}-wal`)
      const [warning = "", ...others] = yield* logged(open(crashed))
      assert.match(warning, lacksData)
      assert.lengthOf(others, 0)
      assert.deepStrictEqual(yield* logged(open(crashed)), [], "the warning is not repeated")
    }))

  startUpTest("row 22: warns when an older copy replaced the database", (filename) =>
    Effect.gen(function*() {
      yield* opened(filename, sessionOf(3))
      const files = yield* FileSystem.FileSystem
      yield* files.copyFile(filename, `${filename}-older`)
      assert.deepStrictEqual(yield* logged(opened(filename, sessionOf(3))), [])
      yield* files.copyFile(`${filename}-older`, filename)
      assert.match((yield* logged(open(filename)))[0] ?? "", lacksData)
    }))

  startUpTest(
    "row 22: warns when the WAL belongs to another database, which SQLite does not detect",
    (filename) =>
      Effect.gen(function*() {
        const other = `${filename}-other`
        const crashed = `${filename}-crashed`
        yield* opened(other, Effect.zipRight(sessionOf(3), copyOpen(other, crashed, ["-wal"])))
        yield* opened(filename, Effect.zipRight(sessionOf(3), copyOpen(filename, crashed, ["", "-high-water"])))
        const warnings = yield* logged(open(crashed))
        assert.lengthOf(warnings, 1)
        assert.match(warnings[0] ?? "", /^The database is not the one that was here at 1970-01-01T00:00:00.000Z/)
      })
  )

  for (const [type, name] of [[0x6969, "NFS"], [0xfe534d42 | 0, "SMB"], [0x65735546, "FUSE"]] as const) {
    startUpTest(`row 23: warns about a file system of type ${name}`, (filename) =>
      Effect.gen(function*() {
        const warnings = yield* logged(
          Effect.provideService(open(filename), FileSystemType, () => Effect.succeed(type))
        )
        assert.lengthOf(warnings, 1)
        assert.include(warnings[0] ?? "", `network file system (${name})`)
        assert.deepStrictEqual(yield* logged(open(filename)), [])
      }))
  }

  startUpTest("row 24: warns once when a long reader makes the WAL grow", (filename) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const checks = yield* Queue.unbounded<void>()
      const observedFiles = {
        ...files,
        stat: (path: string) => Effect.tap(files.stat(path), () => checks.offer(undefined))
      }
      const tenSeconds = Effect.zipRight(TestClock.adjust("10 seconds"), checks.take)
      const writer = yield* openDatabase(filename)
      const reader = yield* openDatabase(filename)
      writer.exec("CREATE TABLE notes (text TEXT)")
      const readLong = Effect.sync(() => {
        reader.exec("BEGIN; SELECT * FROM notes")
        for (let round = 0; round < 100; round++) writer.exec("INSERT INTO notes VALUES (hex(randomblob(5000)))")
      })
      const finish = Effect.sync(() => {
        reader.exec("COMMIT")
        writer.pragma("wal_checkpoint(TRUNCATE)")
      })
      const watch = Effect.zipRight(
        Effect.provideService(watchWal(filename, 100_000), FileSystem.FileSystem, observedFiles),
        checks.take
      )
      const warnings = yield* logged(Effect.scoped(
        Effect.all([watch, readLong, tenSeconds, tenSeconds, finish, tenSeconds, readLong, tenSeconds, tenSeconds])
      ))
      assert.lengthOf(warnings, 2)
      for (const warning of warnings) assert.match(warning, /^The database's WAL has grown to \d+ bytes/)
    }))
})

const openDatabase = (filename: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const db = new Sqlite(filename)
      db.pragma("journal_mode = WAL")
      return db
    }),
    (db) => Effect.sync(() => db.close())
  )

/** Overwrites the page that holds a text. */
const overwritePageOf = (filename: string, text: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const bytes = Buffer.from(yield* files.readFile(filename))
    const found = bytes.indexOf(text)
    assert.isAbove(found, 0)
    bytes.fill("A", found - found % pageSize, found - found % pageSize + pageSize)
    yield* files.writeFile(filename, bytes)
  })

const pageSize = 4096
