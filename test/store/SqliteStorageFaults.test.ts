import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { spawnSync } from "node:child_process"
import { script } from "./script.js"

const Seen = Schema.parseJson(Schema.Struct({
  acknowledged: Schema.Int,
  failures: Schema.Array(Schema.String),
  readWhileFull: Schema.Struct({ messageCount: Schema.Int, firstSeq: Schema.Int }),
  healthy: Schema.Array(Schema.Boolean),
  lastSeqAfter: Schema.Int,
  messageCountAfter: Schema.Int
}))

const exhaust = (directory: string, freeSpace: string, wrapper: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const child = yield* script("exhaustStorage.ts", [`${directory}/sessions.db`, freeSpace], wrapper)
    return yield* Schema.decode(Seen)(yield* Command.string(child))
  })

const runs = (command: string, ...args: ReadonlyArray<string>) => spawnSync(command, args).status === 0

const emptyDirectory = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

describe("SqliteSessionStore on exhausted storage", () => {
  // Needs a file system of its own, which Linux lets every user create.
  it.scopedLive.skipIf(!runs("unshare", "-rm", "true"))(
    "row 10: fails with Full, still reads, and writes again once there is space",
    () =>
      Effect.gen(function*() {
        const directory = yield* emptyDirectory
        const mount = `mount -t tmpfs -o size=1m tmpfs "$0" && head -c 300000 /dev/zero > "$0/ballast" && exec "$@"`
        const seen = yield* exhaust(directory, `rm ${directory}/ballast`, [
          "unshare",
          "-rm",
          "sh",
          "-c",
          mount,
          directory
        ])
        assert.isAbove(seen.acknowledged, 3)
        assert.deepStrictEqual(seen, {
          acknowledged: seen.acknowledged,
          failures: ["Full SQLITE_FULL", "Full SQLITE_FULL", "Full SQLITE_FULL"],
          readWhileFull: { messageCount: seen.acknowledged, firstSeq: 1 },
          healthy: [false, true],
          lastSeqAfter: seen.acknowledged,
          messageCountAfter: seen.acknowledged + 1
        })
      }).pipe(Effect.provide(NodeContext.layer)),
    30_000
  )

  it.scopedLive.skipIf(!runs("prlimit", "--version"))(
    "row 11: fails with Io, keeps acknowledged commits, and writes again on a new connection",
    () =>
      Effect.gen(function*() {
        const limit = ["prlimit", "--fsize=1000000:unlimited"]
        const seen = yield* exhaust(yield* emptyDirectory, "prlimit --pid $STORE_PID --fsize=unlimited", limit)
        assert.isAbove(seen.acknowledged, 3)
        for (const failure of seen.failures) assert.match(failure, /^(Io|Unknown) SQLITE_IOERR_WRITE$/)
        assert.strictEqual(seen.readWhileFull.messageCount, seen.acknowledged)
        assert.deepStrictEqual(seen.healthy, [false, true])
        assert.isAtLeast(seen.lastSeqAfter, seen.acknowledged)
        assert.strictEqual(seen.messageCountAfter, seen.lastSeqAfter + 1)
      }).pipe(Effect.provide(NodeContext.layer)),
    30_000
  )
})
