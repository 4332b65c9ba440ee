import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import {
  Cause,
  Chunk,
  Config,
  ConfigError,
  ConfigProvider,
  Context,
  DateTime,
  Effect,
  Fiber,
  Layer,
  Option,
  TestClock
} from "effect"
import { MessageId, SessionId, UserId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { temporaryFile } from "./temporaryFile.js"

const moment = DateTime.unsafeMake(0)
const id = SessionId.make("s1")

const create = Effect.flatMap(SessionStore, (store) =>
  store.create({
    id,
    userId: UserId.make("ada"),
    provider: "mock",
    model: "mock-model",
    status: "active",
    config: {},
    createdAt: moment,
    lastActivityAt: moment,
    messageCount: 0
  }, makeSessionContext(id, moment)))

const message = new Message({
  id: MessageId.make("m1"),
  sessionId: id,
  seq: 1,
  role: "user",
  parts: [{ _tag: "Text", text: "the secret plan" }],
  createdAt: moment,
  metadata: {}
})

/** Opens the store and closes it again. */
const open = (filename: string) => Effect.asVoid(Effect.provide(SessionStore, SqliteSessionStore.layer({ filename })))

/** The error of opening. A defect would fail the test. */
const openError = (filename: string) =>
  Effect.map(Effect.flip(open(filename)), (error) => {
    assert(error._tag === "StoreError")
    assert.notInclude(error.message, filename)
    return { reason: error.reason, detail: error.detail }
  })

/** Waits, while files open in the background, until a fiber waits for the clock. */
const untilFiberSleeps = Effect.zipRight(eventLoopTurn, TestClock.sleeps()).pipe(
  Effect.repeat({ until: Chunk.isNonEmpty })
)

/** Runs an effect as the user `nobody` when the tests run as root, whom permissions do not bind. */
const asNobody = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  process.geteuid?.() === 0
    ? Effect.acquireUseRelease(
      Effect.sync(() => process.seteuid?.(65534)),
      () => effect,
      () => Effect.sync(() => process.seteuid?.(0))
    )
    : effect

const storeTest = <A, E>(
  name: string,
  test: (filename: string) => Effect.Effect<A, E, FileSystem.FileSystem | Effect.Effect.Context<typeof temporaryFile>>
) => it.scoped(name, () => Effect.flatMap(temporaryFile, test).pipe(Effect.provide(NodeContext.layer)))

describe("SqliteSessionStore", () => {
  storeTest(
    "row 20: creates its file and directories for their owner only",
    (filename) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const nested = `${filename}/a/b/sessions.db`
        yield* Effect.gen(function*() {
          yield* create
          for (const suffix of ["", "-wal", "-shm"]) {
            assert.strictEqual((yield* files.stat(nested + suffix)).mode & 0o777, 0o600)
          }
          assert.strictEqual((yield* files.stat(`${filename}/a`)).mode & 0o777, 0o700)
        }).pipe(Effect.provide(SqliteSessionStore.layer({ filename: nested })))
      })
  )

  storeTest("reads its options from Config", (filename) =>
    Effect.gen(function*() {
      const { durability, health } = yield* SessionStore
      assert.strictEqual(durability, "process")
      assert.isTrue((yield* health).ok)
      assert.isTrue(yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.exists(filename)))
    }).pipe(
      Effect.provide(SqliteSessionStore.layerConfig({
        filename: Config.string("DATABASE"),
        durability: Config.literal("disk", "process")("DURABILITY").pipe(Config.withDefault("process"))
      })),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DATABASE", filename]])))
    ))

  it.effect("fails with ConfigError when an option is missing in Config", () =>
    Effect.gen(function*() {
      const layer = SqliteSessionStore.layerConfig({ filename: Config.string("DATABASE") })
      const error = yield* Effect.flip(Effect.provide(SessionStore, layer))
      assert.isTrue(ConfigError.isConfigError(error))
    }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map()))))

  for (const filename of [":memory:", "", " ", "file:x?mode=memory", "a\0b"]) {
    it.effect(`refuses ${JSON.stringify(filename)} as a filename`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(open(filename))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.include(error.message, "use MemorySessionStore")
      }))
  }

  storeTest("row 17: fails with Corrupt on a damaged file", (filename) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      yield* files.writeFileString(filename, "A".repeat(8192))
      assert.deepStrictEqual(yield* openError(filename), { reason: "Corrupt", detail: "sessions.db: SQLITE_NOTADB" })
      assert.strictEqual(yield* files.readFileString(filename), "A".repeat(8192))
      assert.include((yield* Effect.flip(open(filename))).message, ".recover")
    }))

  storeTest("row 20: fails with Unavailable when a directory is in the way", (filename) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      yield* files.makeDirectory(filename)
      assert.deepStrictEqual(yield* openError(filename), { reason: "Unavailable", detail: "sessions.db: EISDIR" })
      yield* files.writeFileString(`${filename}/file`, "")
      assert.deepStrictEqual(yield* openError(`${filename}/file/sessions.db`), {
        reason: "Unavailable",
        detail: "sessions.db: EEXIST"
      })
    }))

  storeTest("row 19: fails with ReadOnly when permission is missing", (filename) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = filename.slice(0, filename.lastIndexOf("/"))
      yield* open(filename)
      yield* files.chmod(filename, 0o444)
      yield* files.chmod(directory, 0o555)
      const missing = { reason: "ReadOnly", detail: "sessions.db: EACCES" }
      assert.deepStrictEqual(yield* asNobody(openError(filename)), missing)
      assert.deepStrictEqual(yield* asNobody(openError(`${directory}/other.db`)), {
        reason: "ReadOnly",
        detail: "other.db: EACCES"
      })
      // The file can be writable where the lock file and the WAL next to it cannot be created.
      yield* files.chmod(filename, 0o666)
      assert.deepStrictEqual(yield* asNobody(openError(filename)), {
        reason: "ReadOnly",
        detail: "sessions.db-owner: EACCES"
      })
      yield* files.chmod(`${filename}-owner`, 0o666)
      assert.strictEqual((yield* asNobody(openError(filename))).reason, "ReadOnly")
      yield* files.chmod(directory, 0o700)
    }))

  storeTest(
    "row 27: fails with TooNew on a newer schema, and leaves it unchanged",
    (filename) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        yield* open(filename)
        new Sqlite(filename).exec("INSERT INTO langswarm_migrations (migration_id, name) VALUES (999, 'later')").close()
        const before = yield* files.readFile(filename)
        assert.deepStrictEqual(yield* openError(filename), { reason: "TooNew", detail: "sessions.db: schema 999" })
        assert.deepStrictEqual(yield* files.readFile(filename), before)
      })
  )

  storeTest("waits for a lock on opening, without blocking the event loop", (filename) =>
    Effect.gen(function*() {
      const other = new Sqlite(filename)
      other.exec("BEGIN EXCLUSIVE")
      const opening = yield* Effect.fork(open(filename))
      yield* untilFiberSleeps
      yield* TestClock.adjust("4 seconds")
      assert(Option.isNone(yield* Fiber.poll(opening)))
      other.exec("ROLLBACK")
      other.close()
      yield* TestClock.adjust("50 millis")
      yield* Fiber.join(opening)
    }))

  storeTest("fails with Busy after 5 seconds of another's lock", (filename) =>
    Effect.gen(function*() {
      const other = new Sqlite(filename)
      other.exec("BEGIN EXCLUSIVE")
      const opening = yield* Effect.fork(openError(filename))
      yield* untilFiberSleeps
      yield* TestClock.adjust("6 seconds")
      assert.deepStrictEqual(yield* Fiber.join(opening), { reason: "Busy", detail: "sessions.db: SQLITE_BUSY" })
      other.close()
    }))

  storeTest("fences an earlier owner where the lock between processes failed", (filename) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const build = Effect.map(Layer.build(SqliteSessionStore.layer({ filename })), Context.get(SessionStore))
      const here = yield* build
      yield* files.remove(`${filename}-owner`)
      const there = yield* build
      yield* Effect.provideService(create, SessionStore, here)
      const older = yield* here.open(id, 0)
      const newer = yield* there.open(id, 0)
      const error = yield* Effect.flip(here.commit(id, older.epoch, { messages: [message] }))
      assert.strictEqual(error._tag, "OwnershipLost")
      yield* there.commit(id, newer.epoch, { messages: [message] })
      assert.strictEqual((yield* here.get(id)).messageCount, 1)
    }))

  storeTest(
    "reports a damaged row without its content, and reads the others",
    (filename) =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        yield* create
        const { epoch } = yield* store.open(id, 0)
        yield* store.commit(id, epoch, { messages: [message] })
        new Sqlite(filename).exec("UPDATE messages SET parts = '[{\"_tag\":\"Text\",\"text\":[\"the secret plan\"]}]'")
          .close()
        const exit = yield* Effect.exit(store.messages(id, {}))
        assert(exit._tag === "Failure")
        const error = Option.getOrThrow(Cause.failureOption(exit.cause))
        assert(error._tag === "StoreError")
        assert.strictEqual(error.reason, "Corrupt")
        assert.notInclude(Cause.pretty(exit.cause), "secret plan")
        assert.strictEqual((yield* store.get(id)).messageCount, 1)
      }).pipe(Effect.provide(SqliteSessionStore.layer({ filename })))
  )

  storeTest("is not ok when its counters are impossible", (filename) =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      assert.deepInclude(yield* store.health, { name: "sqlite", durability: "process", ok: true })
      new Sqlite(filename).exec("UPDATE totals SET value = -1").close()
      assert.deepInclude(yield* store.health, { ok: false })
    }).pipe(Effect.provide(SqliteSessionStore.layer({ filename, durability: "process" }))))
})
