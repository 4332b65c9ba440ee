import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { script } from "./script.js"
import { temporaryFile } from "./temporaryFile.js"

const opened = <A, E, R>(filename: string, use: Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.zipRight(SessionStore, use), SqliteSessionStore.layer({ filename }))

const refusal = (filename: string) =>
  Effect.map(Effect.flip(opened(filename, Effect.void)), (error) => {
    assert(error._tag === "StoreError")
    return { reason: error.reason, detail: error.detail }
  })

/** Another process that tries to open the database, and what it printed. */
const holder = (filename: string) =>
  Effect.gen(function*() {
    const process = yield* Effect.flatMap(script("holdOpen.ts", [filename]), Command.start)
    const printed = yield* process.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead)
    return { process, printed: Option.getOrElse(printed, () => "nothing") }
  })

describe("SqliteSessionStore, opened twice", () => {
  it.scopedLive(
    "row 16: is refused with the pid of the process that has it open, until that one is killed",
    () =>
      Effect.gen(function*() {
        const filename = yield* temporaryFile
        const { process: first, printed } = yield* holder(filename)
        assert.strictEqual(printed, "open")
        const locked = { reason: "Locked", detail: `sessions.db: pid ${first.pid}` }
        assert.deepStrictEqual(yield* refusal(filename), locked)
        assert.deepStrictEqual(yield* refusal(filename), locked, "a refusal does not break the lock")
        yield* first.kill("SIGKILL")
        yield* opened(filename, Effect.void)
      }).pipe(Effect.provide(NodeContext.layer)),
    30_000
  )

  it.scopedLive("row 16: tells another process the pid of this process", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      const { printed } = yield* opened(filename, holder(filename))
      assert.strictEqual(
        printed,
        `The store failed (sessions.db: pid ${process.pid}): another process has the database open; stop that one first`
      )
      assert.strictEqual((yield* holder(filename)).printed, "open")
    }).pipe(Effect.provide(NodeContext.layer)), 30_000)

  it.scoped("row 16: is refused within one process, by any name, until it is closed", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const filename = yield* temporaryFile
      const link = `${filename.slice(0, filename.lastIndexOf("/"))}/link.db`
      yield* opened(
        filename,
        Effect.gen(function*() {
          yield* files.symlink(filename, link)
          const detail = `pid ${process.pid}, this process`
          assert.deepStrictEqual(yield* refusal(filename), { reason: "Locked", detail: `sessions.db: ${detail}` })
          assert.deepStrictEqual(yield* refusal(link), { reason: "Locked", detail: `link.db: ${detail}` })
        })
      )
      yield* opened(link, Effect.void)
      yield* opened(filename, Effect.void)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("row 16: opens for exactly one of many concurrent processes", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      const started = yield* Effect.replicateEffect(holder(filename), 4, { concurrency: "unbounded" })
      const [winner, ...others] = started.filter(({ printed }) => printed === "open")
      assert.lengthOf(others, 0)
      const refused = started.filter(({ printed }) => printed !== "open").map(({ printed }) => printed)
      assert.lengthOf(refused, 3)
      for (const printed of refused) assert.include(printed, `pid ${winner?.process.pid}`)
    }).pipe(Effect.provide(NodeContext.layer)), 30_000)

  for (const [damage, content] of [["overwritten", "A".repeat(4096)], ["cut", "SQLite format 3\0"]] as const) {
    it.scoped(`reports that the lock's own file is damaged, not the database: ${damage}`, () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const filename = yield* temporaryFile
        yield* opened(filename, Effect.void)
        yield* files.writeFileString(`${filename}-owner`, content)
        const error = yield* Effect.flip(opened(filename, Effect.void))
        assert.strictEqual(
          error.message,
          "The store failed (sessions.db-owner: SQLITE_NOTADB): this file is damaged and holds no data; " +
            "stop all processes that use the database, then delete this file"
        )
        assert.deepInclude(error, { _tag: "StoreError", reason: "LockDamaged" })
        const offline = yield* Effect.flip(SqliteSessionStore.status(filename))
        assert.deepInclude(offline, { reason: "LockDamaged" })
        yield* files.remove(`${filename}-owner`)
        yield* opened(filename, Effect.void)
      }).pipe(Effect.provide(NodeContext.layer)))
  }
})
