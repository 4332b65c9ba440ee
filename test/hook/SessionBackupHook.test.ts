import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SessionExport } from "../../src/domain/Transfer.js"
import * as SessionBackupHook from "../../src/layers/hook/SessionBackupHook.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { HookBus } from "../../src/services/HookBus.js"
import { SessionManager } from "../../src/services/SessionManager.js"

const decodeBackup = Schema.decodeUnknown(Schema.parseJson(SessionExport))

/** A runtime with backups to a directory that does not exist yet. */
const backedUp = <A, E>(
  options: Omit<SessionBackupHook.SessionBackupHookOptions, "directory">,
  run: (directory: string) => Effect.Effect<A, E, FileSystem.FileSystem | HookBus | SessionManager>
) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const directory = `${yield* files.makeTempDirectoryScoped()}/backups`
    const layer = SessionBackupHook.layer({ directory, ...options }).pipe(
      Layer.provideMerge(SessionRuntime.layerTest())
    )
    yield* Effect.provide(run(directory), layer)
  }).pipe(Effect.provide(NodeContext.layer))

const start = Effect.flatMap(
  SessionManager,
  (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
)
const flush = Effect.flatMap(HookBus, (bus) => bus.flush)
const list = (directory: string) => Effect.flatMap(FileSystem.FileSystem, (files) => files.readDirectory(directory))

describe("SessionBackupHook", () => {
  it.scopedLive("writes an archived session as an export, with mode 0600", () =>
    backedUp({}, (directory) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const session = yield* start
        yield* session.send("hello")
        yield* flush
        assert.deepStrictEqual(yield* list(directory), [])
        yield* session.archive
        yield* flush
        assert.deepStrictEqual(yield* list(directory), [`${session.id}.json`])
        const path = `${directory}/${session.id}.json`
        assert.deepStrictEqual(yield* decodeBackup(yield* files.readFileString(path)), yield* session.export)
        assert.strictEqual((yield* files.stat(path)).mode & 0o777, 0o600)
        assert.strictEqual((yield* files.stat(directory)).mode & 0o777, 0o700)
      })))

  it.scopedLive("backs up a new session, and then every everyMessages messages, if configured", () =>
    backedUp({ onArchived: false, onCreated: true, everyMessages: 4 }, (directory) =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const session = yield* start
        const backedUpMessages = files.readFileString(`${directory}/${session.id}.json`).pipe(
          Effect.flatMap(decodeBackup),
          Effect.map(({ messages }) => messages.length)
        )
        yield* session.info
        yield* session.send("one")
        yield* flush
        const first = yield* backedUpMessages
        assert.isBelow(first, 4)
        yield* session.send("two")
        yield* flush
        assert.strictEqual(yield* backedUpMessages, 4)
        yield* session.sendSystem("three")
        yield* session.archive
        yield* flush
        assert.strictEqual(yield* backedUpMessages, 4)
      })))

  it.scopedLive("keeps the backup of a deleted session, unless removeDeleted is set", () =>
    Effect.forEach([false, true], (removeDeleted) =>
      backedUp({ removeDeleted }, (directory) =>
        Effect.gen(function*() {
          const session = yield* start
          yield* session.archive
          yield* flush
          yield* session.delete
          yield* flush
          assert.strictEqual((yield* list(directory)).length, removeDeleted ? 0 : 1)
        }))))

  it.effect("refuses everyMessages that is not a positive integer", () =>
    Effect.gen(function*() {
      for (const everyMessages of [0, -1, 1.5]) {
        const made = SessionBackupHook.make({ directory: "/nowhere", everyMessages })
        assert.strictEqual((yield* Effect.flip(made))._tag, "ConfigurationError")
      }
    }).pipe(Effect.provide(Layer.merge(NodeContext.layer, SessionRuntime.layerTest()))))
})
