import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { startServer } from "./command.js"
import { run } from "./inProcess.js"

const refusedStart = (...options: ReadonlyArray<string>) => run(["serve", "--port", "0", ...options])

/** The exit code of a command and its error, which names no code of the system. */
const refused = (...words: ReadonlyArray<string>) =>
  Effect.map(run(words), ({ exitCode, stderr }) => {
    assert.notMatch(stderr, /E[A-Z]{4,}|FileSystem/)
    return [exitCode, stderr.trimEnd()]
  })

describe("commands, when a path cannot be used", () => {
  it.scopedLive("name it and say what to do", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const dataDir = yield* files.makeTempDirectoryScoped()
      const file = `${dataDir}/file`
      yield* files.writeFileString(file, "")
      const advice = "start the server in this directory, or pass its --data-dir or --token"

      assert.deepStrictEqual(yield* refused("serve", "--port", "0", "--data-dir", file), [
        2,
        `error: the access token cannot be stored: ${file} has a file in its path where a directory must be; ` +
        "choose a directory that this user can write to"
      ])
      assert.deepStrictEqual(yield* refused("send", "--data-dir", dataDir, "Hello"), [
        2,
        `error: no token: ${dataDir}/token does not exist; ${advice}`
      ])
      yield* files.makeDirectory(`${dataDir}/token`)
      assert.deepStrictEqual(yield* refused("send", "--data-dir", dataDir, "Hello"), [
        2,
        `error: no token: ${dataDir}/token is a directory; ${advice}`
      ])
      assert.deepStrictEqual(yield* refused("import", "--token", "a-token-of-the-test", `${dataDir}/none`), [
        1,
        `error: ${dataDir}/none does not exist`
      ])
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)
})

describe("serve, when it cannot start", () => {
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
      assert.strictEqual((yield* run(["list", ...first.flags])).exitCode, 0, "the first still serves")
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive(
    "row 17: reports a damaged database and what to do, without a stack trace",
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
            "the database is damaged; restore a backup, or recover readable data with sqlite3's .recover\n"
        )
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )
})
