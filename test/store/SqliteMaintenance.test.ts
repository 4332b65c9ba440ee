import { Command, type CommandExecutor, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Exit, Fiber, Ref, Stream } from "effect"
import { createHash } from "node:crypto"
import { BackupName } from "../../src/domain/Ids.js"
import type { SessionId } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import type { StoreMaintenance } from "../../src/services/SessionStore.js"
import { forkSession, messageOf, ownSession } from "../../src/testing/internal/sessionStore/samples.js"
import { script } from "./script.js"
import { temporaryFile } from "./temporaryFile.js"

const name = BackupName.make("monday")

const textMessage = (id: SessionId, seq: number, text: string) =>
  messageOf(id, seq, { parts: [{ _tag: "Text", text }] })

const withStore = <A, E, R>(
  filename: string,
  use: (store: SessionStore["Type"], maintenance: Required<StoreMaintenance>) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(SessionStore, (store) => {
    const { maintenance } = store
    assert(maintenance?.backup && maintenance.optimize)
    return use(store, { ...maintenance, backup: maintenance.backup, optimize: maintenance.optimize })
  }).pipe(Effect.provide([SqliteSessionStore.layer({ filename }), IdGenerator.layer]))

const maintenanceTest = <A, E>(
  title: string,
  test: (
    filename: string
  ) => Effect.Effect<A, E, CommandExecutor.CommandExecutor | Effect.Effect.Context<typeof temporaryFile>>
) => it.scopedLive(title, () => Effect.flatMap(temporaryFile, test).pipe(Effect.provide(NodeContext.layer)), 60_000)

/** A session with this many messages of this many characters. */
const fill = (messages: number, length: number) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const { epoch, id } = yield* ownSession(0)
    for (let seq = 1; seq <= messages; seq++) {
      yield* store.commit(id, epoch, { messages: [textMessage(id, seq, `word${seq} `.repeat(length / 8))] })
    }
    return { epoch, id }
  })

/** Fails when a database is damaged, or the `seq` of a session's messages has a gap. */
const sessionsIn = (path: string) =>
  Effect.sync(() => {
    const db = new Sqlite(path, { readonly: true })
    try {
      assert.strictEqual(db.pragma("integrity_check", { simple: true }), "ok")
      const sessions = db.prepare<[], { last: number; own: number; count: number; highest: number }>(`
        SELECT last_seq AS last, message_count AS own,
          (SELECT count(*) FROM messages WHERE session_key = sessions.key) AS count,
          (SELECT coalesce(max(seq), 0) FROM messages WHERE session_key = sessions.key) AS highest
        FROM sessions`).all()
      for (const { count, highest, last, own } of sessions) {
        assert.deepStrictEqual([count, highest, own], [last, last, last])
      }
      return sessions.map(({ last }) => last)
    } finally {
      db.close()
    }
  })

describe("SqliteSessionStore's maintenance", () => {
  maintenanceTest(
    "row 28: backs up a store in use, and the backup can replace it",
    (filename) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const backup = yield* withStore(filename, (store, maintenance) =>
          Effect.gen(function*() {
            yield* fill(100, 40_000)
            const committed = yield* Ref.make(0)
            const { epoch, id } = yield* ownSession(0)
            const writing = yield* Effect.fork(Effect.forever(Effect.gen(function*() {
              const seq = (yield* Ref.get(committed)) + 1
              yield* store.commit(id, epoch, { messages: [textMessage(id, seq, "x".repeat(1000))] })
              yield* Ref.set(committed, seq)
            })))
            const before = yield* Ref.get(committed)
            const backup = yield* maintenance.backup(name)
            assert.isAbove(yield* Ref.get(committed), before)
            yield* Fiber.interrupt(writing)
            return backup
          }))
        const path = `${filename}-backups/monday.db`
        const copy = yield* files.readFile(path)
        assert.strictEqual(backup.bytes, copy.length)
        assert.strictEqual(backup.sha256, createHash("sha256").update(copy).digest("hex"))
        assert.strictEqual(backup.sessions, 2)
        for (const file of ["monday.db", "monday.json"]) {
          assert.strictEqual((yield* files.stat(`${filename}-backups/${file}`)).mode & 0o777, 0o600)
        }
        assert.notInclude(yield* files.readFileString(`${filename}-backups/monday.json`), "word1")
        assert.sameMembers(yield* files.readDirectory(`${filename}-backups`), ["monday.db", "monday.json"])

        const restored = `${filename}-restored`
        yield* files.copyFile(path, restored)
        const [full] = yield* sessionsIn(restored)
        assert.strictEqual(full, 100)
        yield* withStore(restored, (store, { stats }) =>
          Effect.gen(function*() {
            assert.strictEqual((yield* stats).sessions, 2)
            assert.isTrue((yield* store.health).ok)
            const found = yield* store.search?.({ text: "word77" }) ?? Effect.die("no search")
            assert.strictEqual(found.items.length, 1)
          }))
      })
  )

  maintenanceTest(
    "row 28: leaves no partial backup when its process is killed, and makes the next one",
    (filename) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        yield* withStore(filename, () => fill(100, 40_000))
        const child = yield* Effect.flatMap(script("backUpUntilKilled.ts", [filename]), Command.start)
        yield* child.stdout.pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.runForEach(() => child.kill("SIGKILL"))
        )
        yield* Effect.exit(child.exitCode)
        const left = yield* files.readDirectory(`${filename}-backups`)
        assert.deepStrictEqual(left.filter((entry) => !entry.startsWith(".sessions.db-partial-")), [])
        assert.strictEqual(left.length, 1)

        yield* withStore(filename, (_, { backup, stats }) =>
          Effect.gen(function*() {
            assert.deepStrictEqual((yield* stats).database?.backups, [])
            const made = yield* backup(name)
            assert.deepStrictEqual((yield* stats).database?.backups, [made])
          }))
        assert.sameMembers(yield* files.readDirectory(`${filename}-backups`), ["monday.db", "monday.json"])
        assert.deepStrictEqual(yield* sessionsIn(`${filename}-backups/monday.db`), [100])
      })
  )

  maintenanceTest(
    "row 72: replaces no file that has the name of a backup, not even a dangling link",
    (filename) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        yield* files.makeDirectory(`${filename}-backups`)
        yield* files.symlink(`${filename}-elsewhere`, `${filename}-backups/link.db`)
        yield* withStore(filename, (_, { backup }) =>
          Effect.gen(function*() {
            yield* backup(name)
            const before = yield* files.readFile(`${filename}-backups/monday.db`)
            for (const taken of ["monday", "link"]) {
              const error = yield* Effect.flip(backup(BackupName.make(taken)))
              assert(error._tag === "InvalidRequest")
              assert.deepStrictEqual(error.path, ["name"])
            }
            assert.deepStrictEqual(yield* files.readFile(`${filename}-backups/monday.db`), before)
            assert.isFalse(yield* files.exists(`${filename}-elsewhere`))
          }))
        assert.sameMembers(yield* files.readDirectory(`${filename}-backups`), ["link.db", "monday.db", "monday.json"])
      })
  )

  maintenanceTest("leaves nothing of an interrupted backup", (filename) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      yield* withStore(filename, (_, { backup }) =>
        Effect.gen(function*() {
          yield* fill(50, 40_000)
          const copying = yield* Effect.fork(backup(name))
          yield* files.readDirectory(`${filename}-backups`).pipe(
            Effect.orElseSucceed((): Array<string> => []),
            Effect.repeat({ until: (entries) => entries.length > 0 })
          )
          assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(copying)))
          assert.deepStrictEqual(yield* files.readDirectory(`${filename}-backups`), [])
          yield* backup(name)
        }))
    }))

  maintenanceTest(
    "frees the space of removed sessions, and keeps none of their text in any file",
    (filename) =>
      withStore(filename, (store, { optimize, stats }) =>
        Effect.gen(function*() {
          const files = yield* FileSystem.FileSystem
          const { epoch, id } = yield* fill(40, 40_000)
          const secret = yield* ownSession(0)
          yield* store.commit(secret.id, secret.epoch, {
            messages: [textMessage(secret.id, 1, "the xylophonecanary sings")]
          })
          const kept = yield* ownSession(0)
          yield* store.commit(kept.id, kept.epoch, { messages: [textMessage(kept.id, 1, "the marimbacanary stays")] })
          yield* optimize
          const filesWith = (word: string) =>
            Effect.gen(function*() {
              const directory = filename.slice(0, filename.lastIndexOf("/"))
              const found: Array<string> = []
              for (const entry of yield* files.readDirectory(directory)) {
                const content = Buffer.from(yield* files.readFile(`${directory}/${entry}`))
                if (content.includes(word)) found.push(entry)
              }
              return found
            })
          assert.deepStrictEqual(yield* filesWith("xylophonecanary"), ["sessions.db"])
          yield* store.remove(id, epoch)
          yield* store.remove(secret.id, secret.epoch)
          const { bytesAfter, bytesBefore, mergeSteps } = yield* optimize
          assert.isAbove(bytesBefore - bytesAfter, 1_000_000)
          assert.isAbove(mergeSteps, 0)
          const after = yield* stats
          assert.strictEqual(after.bytes, bytesAfter)
          assert.strictEqual(after.database?.freePages, 0)
          assert.strictEqual(after.database?.walBytes, 0)
          assert.deepStrictEqual(yield* filesWith("xylophonecanary"), [])
          assert.deepStrictEqual(yield* filesWith("marimbacanary"), ["sessions.db"])
          const found = yield* store.search?.({ text: "marimbacanary" }) ?? Effect.die("no search")
          assert.strictEqual(found.items.length, 1)
        }))
  )

  maintenanceTest(
    "counts sessions and messages exactly, each shared message once",
    (filename) =>
      withStore(filename, (store, { stats }) =>
        Effect.gen(function*() {
          const counts = Effect.map(stats, ({ messages, sessions }) => [sessions, messages])
          assert.deepStrictEqual(yield* counts, [0, 0])
          const { epoch, id } = yield* fill(5, 80)
          assert.deepStrictEqual(yield* counts, [1, 5])
          yield* forkSession(id, 3)
          assert.deepStrictEqual(yield* counts, [2, 5])
          yield* store.commit(id, epoch, { rewindTo: 4 })
          assert.deepStrictEqual(yield* counts, [2, 5])
          yield* store.commit(id, epoch, { clearMessages: true })
          assert.deepStrictEqual(yield* counts, [2, 3])
          yield* store.remove(id, epoch)
          assert.deepStrictEqual(yield* counts, [1, 3])
          const { bytes, database } = yield* stats
          const files = yield* FileSystem.FileSystem
          const size = (path: string) => Effect.map(files.stat(path), ({ size }) => Number(size))
          assert.strictEqual(database?.walBytes, yield* size(`${filename}-wal`))
          assert.strictEqual(bytes, (yield* size(filename)) + (yield* size(`${filename}-wal`)))
        }))
  )

  maintenanceTest(
    "migrates a closed database, and reports its schema version",
    (filename) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const missing = yield* Effect.flip(SqliteSessionStore.migrate(filename))
        assert(missing._tag === "StoreError")
        assert.strictEqual(missing.reason, "Unavailable")
        assert.isFalse(yield* files.exists(filename))

        yield* files.writeFileString(filename, "")
        const { newest, upToDate, version } = yield* SqliteSessionStore.status(filename)
        assert.deepStrictEqual([version, upToDate], [0, false])
        assert.deepStrictEqual(yield* SqliteSessionStore.migrate(filename), { from: 0, to: newest })
        assert.deepStrictEqual(yield* SqliteSessionStore.migrate(filename), { from: newest, to: newest })
        yield* withStore(filename, (_, { stats }) =>
          Effect.gen(function*() {
            assert.strictEqual((yield* stats).database?.schemaVersion, newest)
            const open = yield* Effect.flip(SqliteSessionStore.migrate(filename))
            assert(open._tag === "StoreError")
            assert.strictEqual(open.reason, "Locked")
          }))

        const db = new Sqlite(filename)
        db.prepare("INSERT INTO langswarm_migrations (migration_id, name) VALUES (?, 'later')").run(newest + 1)
        db.close()
        assert.deepStrictEqual(yield* SqliteSessionStore.status(filename), {
          version: newest + 1,
          newest,
          upToDate: false
        })
        const tooNew = yield* Effect.flip(SqliteSessionStore.migrate(filename))
        assert(tooNew._tag === "StoreError")
        assert.strictEqual(tooNew.reason, "TooNew")
      })
  )
})
