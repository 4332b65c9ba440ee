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
  it.scopedLive("names each option that is wrong, and makes no database", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const dataDir = yield* files.makeTempDirectoryScoped()
      const wrong = [
        "--limit=foo=3",
        "--limit=calls=0",
        "--limit=unreadTimeout=soon",
        "--trusted-proxy=proxy",
        "--allowed-origin=https://a.example.com/page",
        "--allowed-host=https://a.example.com"
      ]
      const [exitCode, stderr] = yield* refused("serve", "--port", "0", "--data-dir", dataDir, ...wrong)
      assert.strictEqual(exitCode, 2)
      for (const name of ["foo", "calls", "unreadTimeout"]) assert.include(String(stderr), `limits.${name} `)
      for (const name of ["trustedProxies", "allowedOrigins", "allowedHosts"]) assert.include(String(stderr), name)
      const usage = yield* refused("serve", "--data-dir", dataDir, "--limit", "calls")
      assert.deepStrictEqual(usage[0], 2)
      assert.deepStrictEqual(yield* files.readDirectory(dataDir), ["token"])
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

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

  it.scopedLive(
    "row 103: reports a stranger's database and what to do on one line, without a stack trace, as migrate does",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const dataDir = yield* files.makeTempDirectoryScoped()
        yield* files.copyFile("test/store/databases/refused/migrations-1-2-4.db", `${dataDir}/sessions.db`)
        const refused = {
          exitCode: 1,
          stdout: "",
          stderr: "error: The store failed (sessions.db: migrations 1, 2, 4): " +
            "no version of this package makes such a schema, so nothing was changed; " +
            "choose another file, or restore a backup\n"
        }
        assert.deepInclude(yield* refusedStart("--data-dir", dataDir), refused)
        assert.deepInclude(yield* run(["migrate", "--data-dir", dataDir]), refused)
        assert.deepInclude(yield* run(["migrate", "--check", "--data-dir", dataDir]), refused)
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )
})

describe("migrate", () => {
  it.scopedLive(
    "says what it would do, upgrades an earlier database, and names the copy",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const dataDir = yield* files.makeTempDirectoryScoped()
        const filename = `${dataDir}/sessions.db`
        const migrate = (...options: ReadonlyArray<string>) =>
          Effect.map(run(["migrate", "--data-dir", dataDir, ...options]), ({ stdout }) => stdout)
        yield* files.copyFile("test/store/databases/schema-2.db", filename)
        assert.strictEqual(yield* migrate("--check"), "The database has schema 2; migrate would upgrade it to 4.\n")
        assert.strictEqual(
          yield* migrate(),
          `The database was upgraded from schema 2 to 4. ${filename}.schema-2.bak is a copy of it as it was.\n`
        )
        assert.strictEqual(yield* migrate("--check"), "The database is up to date: schema 4.\n")
        yield* files.copyFile("test/store/databases/schema-4-unindexed.db", filename)
        assert.strictEqual(
          yield* migrate("--check"),
          "The database has an early form of schema 4; migrate would complete it.\n"
        )
        const { copy } = JSON.parse(yield* migrate("--json"))
        assert.strictEqual(copy, `${filename}.schema-4.bak`)
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )
})
