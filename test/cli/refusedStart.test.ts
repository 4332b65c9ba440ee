import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { langswarmSession, run, startServer } from "./command.js"

const refusedStart = (...options: ReadonlyArray<string>) => run(langswarmSession("serve", "--port", "0", ...options))

describe("a server that cannot start", () => {
  it.scopedLive("row 16: names the process that has the database open", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const dataDir = yield* files.makeTempDirectoryScoped()
      const first = yield* startServer(dataDir)
      const second = yield* refusedStart("--data-dir", dataDir)
      assert.strictEqual(second.exitCode, 1)
      assert.strictEqual(
        second.stderr,
        `error: The store failed (sessions.db: pid ${first.process.pid}): ` +
          "another process has the database open; stop that one first\n"
      )
      assert.strictEqual((yield* run(langswarmSession("list", ...first.flags))).exitCode, 0, "the first still serves")
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive(
    "row 17: says that the database is damaged, and what can be done, without a trace",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const dataDir = yield* files.makeTempDirectoryScoped()
        yield* files.writeFileString(`${dataDir}/sessions.db`, "A".repeat(8192))
        const { exitCode, stderr, stdout } = yield* refusedStart("--data-dir", dataDir)
        assert.strictEqual(exitCode, 1)
        assert.strictEqual(stdout, "")
        assert.strictEqual(
          stderr,
          "error: The store failed (sessions.db: SQLITE_NOTADB): " +
            "the database is damaged; restore a backup, or save what can be read of it with sqlite3's .recover\n"
        )
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )

  it.scopedLive("says how long --drain may be", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const dataDir = yield* files.makeTempDirectoryScoped()
      const { exitCode, stderr, stdout } = yield* refusedStart("--data-dir", dataDir, "--drain", "26")
      assert.strictEqual(exitCode, 2)
      assert.include(stdout + stderr, "--drain must be from 0 to 25 seconds")
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)
})
